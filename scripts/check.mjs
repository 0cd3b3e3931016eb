// The one gate: format, lint, types, dead code, and (unless --static) every test. Stops at nothing; says at the end what failed.
import { spawnSync } from "node:child_process";

const steps = [
  ["set-up", "node", ["scripts/setup.mjs"]],
  ["format and lint", "npx", ["biome", "ci", "--error-on-warnings", "."]],
  ["promises", "npm", ["run", "--silent", "lint:promises"]],
  ["types", "npx", ["tsc", "-p", "."]],
  ["dead code", "npx", ["knip"]],
  ...(process.argv.includes("--static") ? [] : [["tests", "npx", ["vitest", "run"]]]),
];

const failed = [];
for (const [name, command, args] of steps) {
  const begun = Date.now();
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${status === 0 ? "✓" : "✗"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(", ")}.`);
  process.exit(1);
}
