// Makes the Python environments of a clone, by the worker's own code: the base of all hosts, and beside it what checks and tests of python/ need.
//   node --import tsx scripts/python-environments.ts
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE_ENVIRONMENT } from "../packages/contract/src";
import { PythonEnvironments } from "../packages/worker/src/python/environments";
import { PythonFault } from "../packages/worker/src/python/python-fault";
import { locksDigest, noteFile, pythonHome } from "./clone-python.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = pythonHome(root);
const environments = new PythonEnvironments({
  home,
  lock: join(root, "python", "requirements.lock"),
  env: process.env,
  log: (line) => console.error(line),
});

async function make(): Promise<void> {
  const locks = locksDigest(root);
  const dev = readFileSync(join(root, "python", "requirements-dev.lock"), "utf8");
  const requirements = dev.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const { python } = await environments.ready({ name: BASE_ENVIRONMENT, requirements: [] });
  const name = `dev-${createHash("sha256").update(dev).digest("hex").slice(0, 12)}`;
  const { site } = await environments.ready({ name, requirements });
  writeFileSync(noteFile(root), `${JSON.stringify({ locks, python, tools: site })}\n`);
}

make().catch((error: unknown) => {
  const said = error instanceof PythonFault ? `${error.fault.message}\n${error.fault.hint}` : String(error);
  console.error(said);
  process.exit(1);
});
