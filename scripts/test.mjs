// Every test: vitest with the arguments that are given, then pytest. Both run whatever the other says; settings of pytest go by PYTEST_ADDOPTS.
//   node scripts/test.mjs [arguments of vitest]
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NO_PYTHON, pythonCommands } from "./clone-python.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const vitest = join(root, "node_modules", ".bin", "vitest");
const failed = [run("vitest", vitest, ["run", ...process.argv.slice(2)], { cwd: root }), python()].includes(false);
process.exit(failed ? 1 : 0);

function python() {
  const commands = pythonCommands(root, ["pytest"]);
  if (!commands) console.error(`✗ pytest: ${NO_PYTHON}`);
  return commands?.every(({ name, file, args, options }) => run(name, file, args, options)) ?? false;
}

function run(name, file, args, options) {
  const { status, error } = spawnSync(file, args, { ...options, stdio: "inherit" });
  if (status !== 0) console.error(`✗ ${name}${error ? `: ${error.message}` : ""}`);
  return status === 0;
}
