// The product's main job on real input, typed as a user would: every command is shown, then run.
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonHome } from "./clone-python.mjs";
import { installedTemporal } from "./temporal-cli.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const home = process.env.NTRO_DEMO_HOME ?? join(root, ".cache", "demo");
const temporal = process.env.NTRO_TEMPORAL_BIN || installedTemporal(root);
const env = {
  ...process.env,
  NTRO_HOME: home,
  NTRO_PYTHON_HOME: pythonHome(root),
  ...(temporal ? { NTRO_TEMPORAL_BIN: temporal } : {}),
};
const begun = Date.now();

/** Runs one command of `ntro` and gives its output; `expected` lists the exit codes that are as they should be. */
function ntro(args, { expected = [0], quiet = false } = {}) {
  if (!quiet) console.log(`\n$ ntro ${args.map((arg) => (/[\s*]/.test(arg) ? JSON.stringify(arg) : arg)).join(" ")}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "dist/ntro.js"), ...args], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", quiet ? "ignore" : "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (!quiet) process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("exit", (code) =>
      expected.includes(code)
        ? resolve(output)
        : reject(new Error(`ntro ${args.join(" ")} ended with exit code ${code}`)),
    );
  });
}

const place = ["--tenant", "acme-fund", "--entity", "acme-spv1"];

async function demo() {
  // A demo begins with an empty platform; what an earlier one left is stopped and removed.
  if (existsSync(home)) await ntro(["down"], { expected: [0, 1, 4], quiet: true });
  rmSync(home, { recursive: true, force: true });
  await ntro(["up", "--detach", "--port", "0"]);
  try {
    await mainJob();
  } finally {
    await ntro(["down"]);
  }
  console.log(`\nDone in ${Math.round((Date.now() - begun) / 1000)} s.`);
}

async function mainJob() {
  await ntro(["tenant", "create", "--name", "Acme Fund", "--slug", "acme-fund", "--data-platform", "managed-postgres"]);
  await ntro([
    "entity",
    "create",
    "--tenant",
    "acme-fund",
    "--name",
    "Acme SPV 1",
    "--slug",
    "acme-spv1",
    "--type",
    "real-estate-spv",
    "--jurisdiction",
    "Jersey",
    "--currency",
    "GBP",
  ]);
  await ntro(["workflow", "create", "--path", "./examples/runbooks/document-ingest/", "--tenant", "acme-fund"]);
  await ntro([
    "workflow",
    "create",
    "--path",
    "./examples/runbooks/nav-monthly/",
    ...place,
    "--schedule",
    "0 8 5 * *",
    "--timezone",
    "Europe/London",
  ]);
  await ntro(["workflow", "run", "nav-monthly", ...place, "--period", "2026-03", "--wait", "--no-wait-human"], {
    expected: [3],
  });
  const [{ id }] = JSON.parse(await ntro(["run", "pending", "-o", "json"], { quiet: true }));
  // Each document is asked for by a child of its own; the second may be a moment behind the first.
  await openGates(id, 2);
  await ntro([
    "run",
    "submit",
    id,
    "--file",
    "trial-balance=./examples/data/trial-balance-2026-03.xlsx",
    "--file",
    "rent-roll=./examples/data/rent-roll-2026-03.pdf",
  ]);
  const readings = await openGates(id, 2, "DATA_TABLE");
  await ntro(["run", "next", id]);
  const [rentRoll, trialBalance] = readings.sort((a, b) => a.title.localeCompare(b.title));
  const correction = ["--correct", "A2=tenant=Bright Dental Ltd", "--reason", "As in the lease"];
  await ntro(["run", "approve", id, "--gate", rentRoll.token, ...correction]);
  await ntro(["run", "approve", id, "--gate", trialBalance.token]);
  await ntro(["run", "status", id, "--wait", "--no-wait-human"], { expected: [3] });
  await ntro(["run", "next", id]);
  await ntro([
    "run",
    "approve",
    id,
    "--correct",
    "fee-dr=account=5150",
    "--reason",
    "Fees go to 5150 from this year on",
  ]);
  await ntro(["run", "status", id, "--wait"]);
  const { result } = JSON.parse(await ntro(["run", "status", id, "-o", "json"], { quiet: true }));
  console.log(
    `\nNAV of ${result.period}: GBP ${result.nav} (assets ${result.assets}, liabilities ${result.liabilities}), approved by ${result.approvedBy}.`,
  );
  console.log(`Report: ${result.report}`);
}

/** Waits until a task has so many gates open that are shown by this component, and gives them. */
async function openGates(id, count, component = "FILE_UPLOAD") {
  for (const begun = Date.now(); Date.now() - begun < 30_000; ) {
    const { gates } = JSON.parse(await ntro(["run", "status", id, "-o", "json"], { quiet: true }));
    const open = gates.filter((gate) => gate.component === component);
    if (open.length === count) return open;
  }
  throw new Error(`the task does not ask for ${count} answers`);
}

demo().catch((error) => {
  console.error(`\n✗ ${error.message}`);
  console.error(`  The platform's logs are in ${join(home, "logs")}.`);
  process.exit(1);
});
