import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Task } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { findTemporalBinary } from "../../packages/cli/src/embedded/temporal-binary";
import { testCli } from "../../packages/cli/src/testing/run-in-process";
import { readUpState } from "../../packages/cli/src/up/up-state";

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = join(root, "examples", "data");
const trialBalance = join(data, "trial-balance-2026-03.xlsx");
const rentRoll = join(data, "rent-roll-2026-03.pdf");
const PATIENCE = { timeout: 60_000, interval: 50 };

const home = mkdtempSync(join(tmpdir(), "ntro-run-"));
const cli = testCli({ NTRO_HOME: home, NTRO_TENANT: "acme-fund", NTRO_ENTITY: "acme-spv1" });
let env: NodeJS.ProcessEnv;
let month = 0;

beforeAll(async () => {
  const { PATH, HOME } = process.env;
  const temporal = await findTemporalBinary(join(root, ".cache"), () => {});
  env = { PATH, HOME, NTRO_HOME: home, NTRO_TEMPORAL_BIN: temporal };
  expect(await platform("up", "--detach", "--port", "0")).toBe(0);
  await cli.run(["tenant", "create", "--name", "Acme Fund", "--slug", "acme-fund"]);
  await cli.run(["entity", "create", "--name", "Acme SPV 1", "--slug", "acme-spv1", "--currency", "GBP"]);
  const path = join(root, "test", "fixtures", "system", "month-end");
  expect(await cli.run(["workflow", "create", "--path", path, "--pin"])).toMatchObject({ exit: 0 });
});
afterAll(async () => {
  await platform("down");
  cli.remove();
  rmSync(home, { recursive: true, force: true });
});

function platform(...argv: string[]): Promise<number> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "dist", "ntro.js"), ...argv], { env }, (error) =>
      resolve(typeof error?.code === "number" ? error.code : 0),
    );
  });
}

/** Starts a task for a month of its own and waits until it asks for files; gives its id. */
async function startTask(...argv: string[]): Promise<string> {
  month += 1;
  const period = `${2020 + Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
  const run = [
    "workflow",
    "run",
    "nav-monthly",
    "--period",
    period,
    "--wait",
    "--no-wait-human",
    "-o",
    "json",
    ...argv,
  ];
  const { exit, stdout, stderr } = await cli.run(run);
  expect({ exit, stderr }).toMatchObject({ exit: 3 });
  return (JSON.parse(stdout) as Task).id;
}

async function submitBoth(task: string): Promise<void> {
  const files = ["--file", `trial-balance=${trialBalance}`, "--file", `rent-roll=${rentRoll}`];
  expect(await cli.run(["run", "submit", task, ...files])).toMatchObject({ exit: 0 });
  await vi.waitFor(async () => {
    const next = JSON.parse((await cli.run(["run", "next", task, "-o", "json"])).stdout);
    expect(next.action).toBe("review");
  }, PATIENCE);
}

describe("ntro workflow run --wait", () => {
  it("shows steps as they move, what is waited for and how to answer, and ends with 0", async () => {
    const task = await startTask();
    const watch = cli.run(["run", "status", task, "--wait"]);
    await submitBoth(task);
    const approve = await cli.run(["run", "approve", task, "--correct", "3=description=Fee of the manager"]);
    expect(approve).toMatchObject({
      exit: 0,
      stderr: expect.stringMatching(/^Approving "[^"]+" \(step review, 4 lines\) with 1 correction…/),
    });
    const { exit, stdout, stderr } = await watch;
    expect(exit).toBe(0);
    expect(stderr).toMatch(
      /✓ Open period[\s\S]*waits for: [\s\S]*--file trial-balance=<path>[\s\S]*✓ Collect sources[\s\S]*ntro run approve [\s\S]*✓ Report/,
    );
    expect(stderr).toContain("✓ The task is completed.");
    expect(stdout).toMatch(/status +COMPLETED[\s\S]*nav +\d/);
    expect(await cli.run(["run", "approve", task])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("has ended"),
    });
  });

  it("stops with 4 and the command to come back when --timeout is over", async () => {
    month += 1;
    const run = [
      "workflow",
      "run",
      "nav-monthly",
      "--period",
      `2030-${String(month).padStart(2, "0")}`,
      "--wait",
      "--timeout",
      "2s",
    ];
    const { exit, stderr } = await cli.run(run);
    expect(exit).toBe(4);
    expect(stderr).toMatch(/The task goes on\. Come back to it: ntro run status [0-9a-f-]{36} --wait\n$/);
  });

  it("ends with 130 at Ctrl-C; the task goes on", async () => {
    const task = await startTask();
    const argv = [join(root, "dist", "ntro.js"), "run", "status", task, "--wait"];
    const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (text: Buffer) => {
      stderr += text.toString();
    });
    await vi.waitFor(() => expect(stderr).toContain("waits for:"), PATIENCE);
    child.kill("SIGINT");
    const [code] = await once(child, "close");
    expect(code).toBe(130);
    expect(stderr).toContain(`The task goes on. Come back to it: ntro run status ${task} --wait`);
    expect(JSON.parse((await cli.run(["run", "status", task, "-o", "json"])).stdout)).toMatchObject({
      status: "BLOCKED",
    });
  });

  it("reconnects when the server dies, says so once, and misses nothing", async () => {
    const task = await startTask();
    let told = "";
    const watch = cli.run(["run", "status", task, "--wait"], { onStderr: (text) => (told = text) });
    await vi.waitFor(() => expect(told).toContain("waits for:"), PATIENCE);
    const server = readUpState(home)?.parts.find(({ name }) => name === "server")?.pid;
    process.kill(server ?? 0, "SIGKILL");
    await vi.waitFor(() => expect(told).toContain("connected again"), PATIENCE);
    await submitBoth(task);
    await cli.run(["run", "approve", task]);
    const { exit, stderr } = await watch;
    expect(exit).toBe(0);
    expect(stderr.match(/The connection is lost, reconnecting…/g)).toHaveLength(1);
  });
});

describe("ntro run", () => {
  it("refuses what does not fit the gate, and nothing changes", async () => {
    const task = await startTask();
    const submit = (...argv: string[]) => cli.run(["run", "submit", task, ...argv]);
    expect(await cli.run(["run", "approve", task])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("does not wait for a decision"),
    });
    expect(await submit("--file", trialBalance)).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("waits for several files"),
    });
    expect(await submit("--file", `trial-balance=${rentRoll}`)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("xlsx"),
    });
    expect(await submit("--file", trialBalance, "--source", "ledger")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('does not wait for "ledger"'),
    });
    const empty = join(cli.home, "empty.xlsx");
    writeFileSync(empty, "");
    expect(await submit("--file", `trial-balance=${empty}`)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("has no bytes"),
    });
    const next = await cli.run(["run", "next", task]);
    expect(next.stdout).toMatch(/trial-balance .*to come[\s\S]*rent-roll .*to come/);
    await submitBoth(task);
    const review = await cli.run(["run", "next", task]);
    expect(review.stdout).toMatch(/LINE +id +account\* +description\* +debit\* +credit\*/);
    const wrong = await cli.run(["run", "approve", task, "--correct", "3=debit=abc", "-o", "json"]);
    expect(wrong.exit).toBe(1);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ code: "CORRECTION_REFUSED" });
    expect(await cli.run(["run", "approve", task, "--gate", "00000000"])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("is not open"),
    });
    expect((await cli.run(["run", "next", task])).stdout).toBe(review.stdout);
  });

  it("rejects with a reason, cancels, and lists", async () => {
    const [rejected, cancelled] = [await startTask(), await startTask()];
    expect((await cli.run(["run", "pending"])).stdout).toContain(rejected);
    await submitBoth(rejected);
    expect(await cli.run(["run", "reject", rejected, "--reason", "Rent roll is of February"])).toMatchObject({
      exit: 0,
    });
    expect((await cli.run(["run", "logs", rejected])).stdout).toContain("task.decided");
    expect(await cli.run(["run", "cancel", cancelled, "--reason", "Not needed"])).toMatchObject({ exit: 0 });
    expect(await cli.run(["run", "status", cancelled, "--wait"])).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("The task failed (Cancelled)"),
    });
    expect((await cli.run(["run", "history"])).stdout).toContain(cancelled);
    expect((await cli.run(["run", "list", "--status", "FAILED"])).stdout).toContain(cancelled);
  });

  it("starts nothing when the workflow or a start parameter is wrong", async () => {
    const run = (...argv: string[]) => cli.run(["workflow", "run", ...argv]);
    expect(await run("nav-montly", "--period", "2026-03")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("nav-monthly"),
    });
    expect(await run("nav-monthly")).toMatchObject({ exit: 2, stderr: expect.stringContaining("period") });
    expect((await run("nav-monthly", "--period", "2026-03", "--param", "nonsense=1")).exit).toBe(2);
    expect(await cli.run(["run", "status", "3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d"])).toMatchObject({ exit: 2 });
  });
});
