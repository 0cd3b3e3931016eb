import { WorkflowFailedError } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Catalogue,
  type MuxFixture,
  type RunningWorker,
  runWorker,
  startFixture,
  WAIT_FOR_GO,
} from "./testing/fixture";

let fixture: MuxFixture;
const started: RunningWorker[] = [];

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await Promise.all(started.map((worker) => worker.stop()));
  await fixture.stop();
});

async function worker(...args: Parameters<typeof runWorker> extends [unknown, ...infer Rest] ? Rest : never) {
  const running = await runWorker(fixture, ...args);
  started.push(running);
  return running;
}

async function start(taskQueue: string, type: string, ...args: unknown[]) {
  return fixture.client.workflow.start(type, { taskQueue, args, workflowId: `${type}-${crypto.randomUUID()}` });
}

test("runs many revisions on one queue, each with its own code", async () => {
  const catalogue = new Catalogue(fixture.prelude);
  const tags = Array.from({ length: 24 }, (_, index) => `tag-${index}`);
  for (const tag of tags) {
    catalogue.put(
      `book@1.0.0+${tag}`,
      `const { proxyActivities, workflowInfo } = require("@temporalio/workflow");
       const { echo } = proxyActivities({ startToCloseTimeout: "5s" });
       exports.default = async () => [await echo(${JSON.stringify(tag)}), workflowInfo().workflowType];`,
    );
  }
  const { taskQueue, mux } = await worker(catalogue, { warmPrelude: fixture.prelude });
  const runs = await Promise.all(tags.map((tag) => start(taskQueue, `book@1.0.0+${tag}`)));
  const answers = await Promise.all(runs.map((run) => run.result()));
  expect(answers).toEqual(tags.map((tag) => [tag, `book@1.0.0+${tag}`]));
  const { threads, quarantined } = await mux.threadStatus();
  expect(threads).toHaveLength(1);
  expect(threads[0]?.contexts).toBe(1);
  expect(quarantined).toEqual({});
});

test("never shares module or global state between executions, but shares the SDK", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "stateful",
    `const { sharedEvaluations } = require("@ntro/runbook");
     const z = require("zod");
     const { condition, defineSignal, setHandler } = require("@temporalio/workflow");
     let count = 0;
     class Registry { static entries = []; }
     const shape = z.object({ id: z.string() }).meta({ id: "Shape" });
     exports.default = async (id) => {
       let go = false;
       setHandler(defineSignal("go"), () => { go = true; });
       count += 1;
       Registry.entries.push(id);
       globalThis.leak = (globalThis.leak ?? "") + id;
       await condition(() => go);
       count += 1;
       return [count, Registry.entries, globalThis.leak, sharedEvaluations(), shape.parse({ id }).id];
     };`,
  );
  const { taskQueue } = await worker(catalogue);
  const runs = await Promise.all(["a", "b", "c"].map((id) => start(taskQueue, "stateful", id)));
  await Promise.all(runs.map((run) => run.signal("go")));
  const answers = await Promise.all(runs.map((run) => run.result()));
  expect(answers).toEqual(["a", "b", "c"].map((id) => [2, [id], id, 1, id]));
});

test("refuses to let one execution change what all share", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "vandal",
    `const z = require("zod");
     exports.default = async () => {
       const tried = [() => { z.string = 1; }, () => { Math.max = 1; }, () => { __TEMPORAL__.api.activate = 1; }];
       return tried.map((act) => { try { act(); return "changed"; } catch { return "refused"; } });
     };`,
  );
  const { taskQueue } = await worker(catalogue);
  const run = await start(taskQueue, "vandal");
  expect(await run.result()).toEqual(["refused", "refused", "refused"]);
});

test("keeps timers of executions apart", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "timers",
    `const { condition, defineSignal, setHandler } = require("@temporalio/workflow");
     exports.default = async (ms, clear) => {
       let go = false;
       let fired = false;
       setHandler(defineSignal("go"), () => { go = true; });
       const handle = setTimeout(() => { fired = true; }, ms);
       await condition(() => go);
       if (clear) clearTimeout(handle);
       await condition(() => fired, clear ? "10ms" : "5s");
       return fired;
     };`,
  );
  const { taskQueue, successes } = await worker(catalogue);
  const hasty = await start(taskQueue, "timers", 60_000, true);
  await expect.poll(() => successes.length).toBe(1);
  const patient = await start(taskQueue, "timers", 1000, false);
  await expect.poll(() => successes.length).toBe(2);
  await hasty.signal("go");
  expect(await hasty.result()).toBe(false);
  await patient.signal("go");
  expect(await patient.result()).toBe(true);
  const { events } = await hasty.fetchHistory();
  expect(events?.some((event) => event.timerCanceledEventAttributes != null)).toBe(true);
});

test("holds an execution of an unknown type open until its revision is there", async () => {
  const catalogue = new Catalogue(fixture.prelude);
  const running = await worker(catalogue);
  const run = await start(running.taskQueue, "later");
  expect(await running.failureOf(run.workflowId)).toMatchObject({ kind: "unavailable", message: "No revision later." });
  expect((await run.describe()).status.name).toBe("RUNNING");
  catalogue.put("later", `exports.default = async () => "now known";`);
  expect(await run.result()).toBe("now known");
});

test("reports failing code within the attempt, and goes on with fixed code", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "buggy",
    `exports.default = async () => { const amount = undefined; return amount.toFixed(2); };`,
  );
  const running = await worker(catalogue);
  const run = await start(running.taskQueue, "buggy");
  const failure = await running.failureOf(run.workflowId);
  expect(failure.kind).toBe("code");
  expect(failure.type).toBe("TypeError");
  expect(failure.message).toContain("toFixed");
  expect(failure.stackTrace).toContain("buggy/workflow.js:1:");
  expect((await run.describe()).status.name).toBe("RUNNING");
  expect(running.successes).toEqual([]);
  catalogue.put("buggy", `exports.default = async () => (12.5).toFixed(2);`);
  expect(await run.result()).toBe("12.50");
  expect(running.successes).toContainEqual({
    workflowId: run.workflowId,
    runId: run.firstExecutionRunId,
    workflowType: "buggy",
    codeType: "buggy",
  });
});

test("reports a module that cannot be evaluated", async () => {
  const catalogue = new Catalogue(fixture.prelude)
    .put("syntax", "exports.default = async () => {")
    .put("toplevel", `throw new RangeError("at load");`)
    .put("nodefault", `exports.run = async () => 1;`)
    .put("foreign", `require("node:fs"); exports.default = async () => 1;`);
  const running = await worker(catalogue);
  const types = ["syntax", "toplevel", "nodefault", "foreign"];
  const runs = await Promise.all(types.map((type) => start(running.taskQueue, type)));
  const failures = await Promise.all(runs.map((run) => running.failureOf(run.workflowId)));
  expect(failures.map(({ kind, type }) => [kind, type])).toEqual([
    ["load", "SyntaxError"],
    ["load", "RangeError"],
    ["load", "Error"],
    ["load", "Error"],
  ]);
  await Promise.all(runs.map((run) => run.terminate()));
});

test("fails an execution whose code raises an ApplicationFailure", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "refuses",
    `const { ApplicationFailure } = require("@temporalio/workflow");
     exports.default = async () => { throw ApplicationFailure.nonRetryable("No ledger", "MissingLedger"); };`,
  );
  const running = await worker(catalogue);
  const run = await start(running.taskQueue, "refuses");
  const error = await run.result().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect(error).toMatchObject({ cause: { message: "No ledger", type: "MissingLedger" } });
  expect(running.failures).toEqual([]);
});

test("delivers sink calls in order, and none of them again on replay after a restart", async () => {
  const catalogue = new Catalogue(fixture.prelude).put(
    "sinks",
    `const { condition, defineQuery, defineSignal, proxyActivities, proxySinks, setHandler } = require("@temporalio/workflow");
     const { report } = proxySinks();
     const { echo } = proxyActivities({ startToCloseTimeout: "5s" });
     exports.default = async () => {
       let go = false;
       setHandler(defineSignal("go"), () => { report.step("signal"); go = true; });
       setHandler(defineQuery("state"), () => "waiting");
       report.step("start");
       await echo(1);
       report.step("waiting");
       await condition(() => go);
       report.step("end");
     };`,
  );
  const calls: string[] = [];
  let waiting = (): void => undefined;
  const reachedGate = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  const options = {
    taskQueue: "mux-sinks",
    sinks: {
      report: {
        step: {
          fn: (_info: unknown, name: string) => {
            calls.push(name);
            if (name === "waiting") waiting();
          },
          callDuringReplay: false,
        },
      },
    },
  };
  const first = await runWorker(fixture, catalogue, options);
  const run = await start("mux-sinks", "sinks");
  await reachedGate;
  await first.stop();
  await worker(catalogue, options);
  expect(await run.query("state")).toBe("waiting");
  expect(calls).toEqual(["start", "waiting"]);
  await run.signal("go");
  await run.result();
  expect(calls).toEqual(["start", "waiting", "signal", "end"]);
});

test("wakes an execution that slept through a restart of the worker", async () => {
  const catalogue = new Catalogue(fixture.prelude).put("sleeper", WAIT_FOR_GO);
  const first = await runWorker(fixture, catalogue, { taskQueue: "mux-restart" });
  const run = await start("mux-restart", "sleeper", "awake");
  expect(await run.query("state")).toBe("waiting");
  await first.stop();
  await run.signal("go");
  const second = await worker(catalogue, { taskQueue: "mux-restart" });
  expect(await run.result()).toBe("awake");
  expect(second.failures).toEqual([]);
});

test("reports code that does not fit the history of an execution", async () => {
  const before = WAIT_FOR_GO.replace(
    "await condition",
    `await require("@temporalio/workflow").sleep(1); await condition`,
  );
  const after = before.replace("sleep(1)", `proxyActivities({ startToCloseTimeout: "5s" }).echo(1)`);
  const catalogue = new Catalogue(fixture.prelude).put("changed", before);
  const first = await runWorker(fixture, catalogue, { taskQueue: "mux-changed" });
  const run = await start("mux-changed", "changed", "done");
  await expect.poll(() => first.successes.length).toBeGreaterThan(1);
  await first.stop();
  catalogue.put("changed", after);
  const second = await worker(catalogue, { taskQueue: "mux-changed" });
  await run.signal("go");
  expect(await second.failureOf(run.workflowId)).toMatchObject({ kind: "nondeterminism" });
  catalogue.put("changed", before);
  expect(await run.result()).toBe("done");
});

test("leaves nothing behind when a prelude does not fit", async () => {
  const catalogue = new Catalogue(fixture.prelude);
  const warmPrelude = { digest: "0".repeat(64), code: "var __TEMPORAL__ = {};" };
  await expect(runWorker(fixture, catalogue, { warmPrelude, taskQueue: "mux-refused" })).rejects.toThrow(/self-test/);
  const running = await worker(catalogue.put("after", "exports.default = async () => 1;"), {
    taskQueue: "mux-refused",
  });
  expect(await (await start(running.taskQueue, "after")).result()).toBe(1);
});
