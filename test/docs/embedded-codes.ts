import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./markdown";

/** The codes with which `ntro up` says why it did not start; a type of the CLI, so they are read from its source. */
export const EMBEDDED_CODES: readonly string[] = (() => {
  const source = readFileSync(join(ROOT, "packages/cli/src/embedded/embedded-service-error.ts"), "utf8");
  const type = /type EmbeddedServiceErrorCode =([^;]+);/.exec(source)?.[1] ?? "";
  return [...type.matchAll(/"([A-Z_]+)"/g)].map(([, code = ""]) => code);
})();
