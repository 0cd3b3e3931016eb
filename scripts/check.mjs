// The one gate: format, lint, types, dead code, and (unless --static) every test. Stops at nothing but a failed set-up; says at the end what failed.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const installed = (name) => join(root, "node_modules", ".bin", name);
const tested = !process.argv.includes("--static");

const steps = [
  ["set-up", process.execPath, ["scripts/setup.mjs", "packages", "build", ...(tested ? ["temporal"] : [])]],
  ["format and lint", installed("biome"), ["ci", "--error-on-warnings", "."]],
  ["promises", "npm", ["run", "--silent", "lint:promises"]],
  ["types", installed("tsc"), ["-p", "."]],
  ["dead code", installed("knip"), []],
  ...(tested ? [["tests", installed("vitest"), ["run"]]] : []),
];

const failed = [];
for (const [name, command, args] of steps) {
  const begun = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
  if (failed.includes("set-up")) break;
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}.`);
  process.exit(1);
}
