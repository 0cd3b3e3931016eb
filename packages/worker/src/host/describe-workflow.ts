import { createContext, Script } from "node:vm";
import { WORKFLOW_FILE } from "@ntro/bundle/typescript";
import { Described } from "@ntro/contract";
import { BundleFaulty, loadFault } from "./load-failure";
import type { Prelude } from "./mux";

/** How long a bundle's top-level workflow code may take. */
const LOAD_TIMEOUT_MS = 5_000;

/**
 * Loads a built workflow once, apart from any task, and asks what it is: the check that a deployment is ready.
 * @param workflow the factory text
 * @throws BundleFaulty when it does not load or does not export a runbook
 */
export function describeWorkflow(prelude: Prelude, workflow: string): Described {
  try {
    const context = createContext(
      { console: { log() {}, warn() {}, error() {}, info() {}, debug() {} } },
      { codeGeneration: { strings: false, wasm: false } },
    );
    new Script(prelude.code, { filename: "prelude.js" }).runInContext(context);
    const factory = new Script(`(module, exports, require) => {${workflow}\n}`, {
      filename: "workflow.js",
    }).runInContext(context, { timeout: LOAD_TIMEOUT_MS });
    context.__ntro_describe__ = factory;
    const described: unknown = new Script(
      "JSON.stringify(__TEMPORAL__.describeModule(__ntro_describe__))",
    ).runInContext(context, { timeout: LOAD_TIMEOUT_MS });
    return Described.parse(JSON.parse(String(described)));
  } catch (error) {
    throw new BundleFaulty([loadFault("RUNBOOK_DEFINITION_INVALID", WORKFLOW_FILE, error)]);
  }
}
