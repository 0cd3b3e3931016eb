import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the parts of this installation lie that author code is built with. All of them are beside the bundled worker. */
const DIST = dirname(fileURLToPath(import.meta.url));

/** The authoring SDK: index.js and index.d.ts. */
export const SDK_DIR = join(DIST, "sdk");
/** The zod package that bundles are built and checked with. */
export const ZOD_DIR = dirname(createRequire(import.meta.url).resolve("zod/package.json"));
/** Made by the build: `prelude.js` and its sha256 in `prelude.digest`. */
export const PRELUDE_DIR = join(DIST, "prelude");
export const WORKFLOW_THREAD = join(DIST, "workflow-thread.cjs");
export const HOST_ENTRY = join(DIST, "host.js");
/** Folder of the package `ntro_host`. */
export const PYTHON_DIR = join(DIST, "python");
/** The exact packages of the environment that every Python host runs in. */
export const PYTHON_LOCK = join(PYTHON_DIR, "requirements.lock");
