import { performance } from "node:perf_hooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { MuxWorkerOptions } from "./mux-worker";
import { Catalogue, type MuxFixture, type RunningWorker, runWorker, startFixture } from "./testing/fixture";

/** Shorter than in production, to keep the tests short. */
const EXECUTION_TIMEOUT_MS = 1000;

let fixture: MuxFixture;
const started: RunningWorker[] = [];

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await Promise.all(started.map((worker) => worker.stop()));
  await fixture.stop();
});

async function worker(catalogue: Catalogue, options: Partial<MuxWorkerOptions> = {}) {
  const running = await runWorker(fixture, catalogue, {
    executionTimeoutMs: EXECUTION_TIMEOUT_MS,
    warmPrelude: fixture.prelude,
    ...options,
  });
  started.push(running);
  return running;
}

async function start(taskQueue: string, type: string, ...args: unknown[]) {
  return fixture.client.workflow.start(type, { taskQueue, args, workflowId: `${type}-${crypto.randomUUID()}` });
}

const QUICK = `const { proxyActivities } = require("@temporalio/workflow");
const { echo } = proxyActivities({ startToCloseTimeout: "5s" });
exports.default = async () => [await echo(1), await echo(2), await echo(3)].length;`;

const WAITS = `const { condition, defineSignal, setHandler } = require("@temporalio/workflow");
exports.default = async () => {
  let go = false;
  setHandler(defineSignal("go"), () => { go = true; });
  await condition(() => go);
  return "went";
};`;

test.each([
  ["in its first activation", "exports.default = async () => { while (true); };"],
  ["while its module loads", "while (true); exports.default = async () => 1;"],
  ["in microtasks", "exports.default = async () => { while (true) await Promise.resolve(); };"],
  [
    "after an activity",
    `const { proxyActivities } = require("@temporalio/workflow");
     const { echo } = proxyActivities({ startToCloseTimeout: "5s" });
     exports.default = async () => { await echo(1); while (true); };`,
  ],
])("moves a revision that loops %s out of the way of others", async (_, looping) => {
  const catalogue = new Catalogue(fixture.prelude).put("looping", looping).put("quick", QUICK);
  const running = await worker(catalogue);
  const loop = await start(running.taskQueue, "looping");
  expect(await running.failureOf(loop.workflowId)).toMatchObject({ kind: "timeout" });
  expect(Object.keys((await running.mux.threadStatus()).quarantined)).toEqual(["looping"]);

  // Its further executions burn in quarantine; others finish at their usual pace meanwhile.
  const second = await start(running.taskQueue, "looping");
  const took: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const begun = performance.now();
    const quick = await start(running.taskQueue, "quick");
    expect(await quick.result()).toBe(3);
    took.push(performance.now() - begun);
  }
  expect(took.sort((a, b) => a - b)[4]).toBeLessThan(EXECUTION_TIMEOUT_MS / 2);
  await Promise.all([loop.terminate(), second.terminate()]);
});

test("runs fixed code of a looping revision to its end", async () => {
  const catalogue = new Catalogue(fixture.prelude).put("looped", "while (true); exports.default = async () => 1;");
  const running = await worker(catalogue);
  const run = await start(running.taskQueue, "looped");
  await running.failureOf(run.workflowId);
  catalogue.put("looped", "exports.default = async () => 'fixed';");
  expect(await run.result()).toBe("fixed");
});

test("delays others by no more than the execution time limit when a loop begins", async () => {
  const catalogue = new Catalogue(fixture.prelude)
    .put("looping", "exports.default = async () => { while (true); };")
    .put("quick", QUICK);
  const running = await worker(catalogue);
  const warm = await start(running.taskQueue, "quick");
  await warm.result();
  const begun = performance.now();
  const loop = await start(running.taskQueue, "looping");
  const quick = await start(running.taskQueue, "quick");
  expect(await quick.result()).toBe(3);
  expect(performance.now() - begun).toBeLessThan(EXECUTION_TIMEOUT_MS + 1200);
  await loop.terminate();
});

test("moves cached executions of a looping revision to quarantine without reporting them as failing", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "sometimes",
    WAITS.replace("let go = false;", "let go = false; if (arguments[0]) while (true);").replace(
      "async () =>",
      "async function ()",
    ),
  );
  const running = await worker(catalogue);
  const waiting = await start(running.taskQueue, "sometimes", false);
  await expect.poll(() => running.successes.length).toBeGreaterThan(0);
  const loop = await start(running.taskQueue, "sometimes", true);
  await running.failureOf(loop.workflowId);
  expect(Object.keys((await running.mux.threadStatus()).quarantined)).toEqual(["sometimes"]);
  await waiting.signal("go");
  expect(await waiting.result()).toBe("went");
  expect(running.failures.filter(({ info }) => info.workflowId === waiting.workflowId)).toEqual([]);
  await loop.terminate();
});

test("answers a looping query with an error and keeps the execution going", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "asked",
    WAITS.replace(
      "let go",
      `setHandler(require("@temporalio/workflow").defineQuery("spin"), () => { while (true); }); let go`,
    ),
  );
  const running = await worker(catalogue);
  const run = await start(running.taskQueue, "asked");
  await expect(run.query("spin")).rejects.toThrow();
  expect(running.failures).toEqual([]);
  await run.signal("go");
  expect(await run.result()).toBe("went");
});

test("replaces a workflow thread that runs out of memory, and retries only what lived there", async () => {
  const catalogue = new Catalogue(fixture.prelude)
    .put(
      "hungry",
      "exports.default = async () => { const all = []; while (true) all.push(new Array(1_000_000).fill(all.length + 0.5)); };",
    )
    .put("waits", WAITS)
    .put("quick", QUICK);
  const running = await worker(catalogue, { threadHeapMb: 96, executionTimeoutMs: 20_000 });
  const waiting = await start(running.taskQueue, "waits");
  await expect.poll(() => running.successes.length).toBeGreaterThan(0);
  const hungry = await start(running.taskQueue, "hungry");
  expect(await running.failureOf(hungry.workflowId)).toMatchObject({ kind: "thread" });
  const quick = await start(running.taskQueue, "quick");
  expect(await quick.result()).toBe(3);
  await waiting.signal("go");
  expect(await waiting.result()).toBe("went");
  expect(running.failures.map(({ info }) => info.workflowType)).not.toContain("waits");
  expect(Object.keys((await running.mux.threadStatus()).quarantined)).toEqual(["hungry"]);
  await hungry.terminate();
  expect(running.mux.state()).toBe("RUNNING");
});
