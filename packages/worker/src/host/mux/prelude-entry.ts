/**
 * Entry of the prelude: what one V8 context of a workflow thread holds. Bundled by `buildPrelude` to a script that sets
 * `globalThis.__TEMPORAL__`, the object by which the SDK's worker side drives workflows.
 */

// First, so that all below is evaluated with deterministic globals.
import "./prelude-globals";
import * as runbook from "@ntro/runbook";
import { asRunbook, type Description, describe, execute } from "@ntro/runbook/workflow";
import * as workflow from "@temporalio/workflow";
import * as workerInterface from "@temporalio/workflow/lib/worker-interface.js";
import * as zod from "zod";
import { freezeShared } from "./freeze-shared";

/** The author's module as a function, given by the workflow thread for the execution being created. */
type ModuleFactory = (module: { exports: unknown }, exports: unknown, require: (id: string) => unknown) => void;

declare global {
  /** Set by the workflow thread on the context (`PreludeContext`): the factory of the execution being created. */
  var __ntro_factory__: () => ModuleFactory;
}

// Makes zod set its defaults, which it does with the first object schema and could not once its configuration is frozen.
zod.object({});

/** A namespace as CommonJS consumers expect it. */
function asCommonJs(namespace: object): unknown {
  return Object.defineProperty({ ...namespace }, "__esModule", { value: true });
}

/** What author modules may require. Frozen, for it is shared by all executions in the context; the SDK then passes it by. */
export const modules: Record<string, unknown> = freezeShared({
  "@temporalio/workflow": asCommonJs(workflow),
  "@ntro/runbook": asCommonJs(runbook),
  zod: asCommonJs(zod),
});

function requireShared(id: string): unknown {
  if (Object.hasOwn(modules, id)) return modules[id];
  throw new Error(`Workflow code cannot require "${id}": only ${Object.keys(modules).join(", ")} exist there.`);
}

function defaultExport(exports: unknown): unknown {
  return typeof exports === "object" && exports !== null && "default" in exports ? exports.default : undefined;
}

/** Evaluates an author's module anew; what it exports as default. */
function evaluate(factory: ModuleFactory): unknown {
  const module: { exports: unknown } = { exports: {} };
  factory(module, module.exports, requireShared);
  return defaultExport(module.exports);
}

/** Called by the SDK. */
export const api = workerInterface;

/**
 * Called by the SDK once per execution, inside that execution's own globals: evaluates the author's module anew, so that
 * no module-level state is ever shared between executions. A plain function is taken as a workflow as it is.
 */
export function importWorkflows(): { default: unknown } {
  const exported = evaluate(globalThis.__ntro_factory__());
  if (typeof exported === "function") return { default: exported };
  const authored = asRunbook(exported);
  return { default: (argument: unknown) => execute(authored, argument) };
}

/** Called by the SDK: modules that may export `interceptors`; the runbook SDK is asked for its own. */
export function importInterceptors(): unknown[] {
  return [runbook];
}

/**
 * Called by the host when it checks a deployment, outside any workflow.
 *
 * @param factory the author's module
 * @returns what the runbook shows of itself
 * @throws Error whose message tells the author what to mend
 */
export function describeModule(factory: ModuleFactory): Description {
  return describe(evaluate(factory));
}
