// The one gate: format, lint, types, dead code of both languages, and (unless --static) every test. Stops at nothing but a failed set-up; says at the end what failed.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NO_PYTHON, pythonCommands } from "./clone-python.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const installed = (name) => join(root, "node_modules", ".bin", name);
const tested = !process.argv.includes("--static");

const steps = [
  ["set-up", process.execPath, ["scripts/setup.mjs", "packages", "build", "python", ...(tested ? ["temporal"] : [])]],
  ["format and lint", installed("biome"), ["ci", "--error-on-warnings", "."]],
  ["promises", "npm", ["run", "--silent", "lint:promises"]],
  ["types", installed("tsc"), ["-p", "."]],
  ["dead code", installed("knip"), []],
  ...(tested ? [["tests", installed("vitest"), ["run"]]] : []),
];

const failed = [];
for (const [name, command, args] of steps) {
  run(name, command, args, { cwd: root });
  if (failed.includes("set-up")) break;
}
if (!failed.includes("set-up")) checkPython();
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}.`);
  process.exit(1);
}

function checkPython() {
  const commands = pythonCommands(root, ["format", "ruff", "mypy", ...(tested ? ["pytest"] : [])]);
  if (!commands) {
    console.error(`✗ python: ${NO_PYTHON}`);
    failed.push("python");
  }
  for (const { name, file, args, options } of commands ?? []) run(`python: ${name}`, file, args, options);
}

function run(name, command, args, options) {
  const begun = Date.now();
  const { status } = spawnSync(command, args, { ...options, stdio: "inherit" });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
