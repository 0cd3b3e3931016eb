import { REPAIRED_SIGNAL, type RepairedSignal } from "@ntro/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Repairs } from "../repairs";
import { replayHistory } from "./replay";
import {
  Catalogue,
  type MuxFixture,
  type RunningWorker,
  runWorker,
  startFixture,
  WAIT_FOR_GO,
} from "./testing/fixture";

let fixture: MuxFixture;
const running: RunningWorker[] = [];

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await Promise.all(running.map((worker) => worker.stop()));
  await fixture.stop();
});

/** A worker as the host runs it, with what it knows of repairs. */
async function worker(catalogue: Catalogue, taskQueue: string, repairs: Repairs) {
  const started = await runWorker(fixture, catalogue, {
    taskQueue,
    typeToRun: (workflowId, ownType) => repairs.typeOf(workflowId, ownType),
    onRepaired: (workflowId, repaired) => repairs.meet(workflowId, repaired),
  });
  running.push(started);
  return started;
}

const start = (taskQueue: string, type: string) =>
  fixture.client.workflow.start(type, { taskQueue, args: ["old"], workflowId: crypto.randomUUID() });

const repaired = (number: number, type: string): RepairedSignal => ({ number, type, lock: {} });
const returning = (answer: string) => WAIT_FOR_GO.replace("return answer", `return "${answer}"`);

test("an execution goes on with other code from the signal on, and again after a restart that knows of nothing", async () => {
  const catalogue = new Catalogue(fixture.prelude)
    .put("one", WAIT_FOR_GO)
    .put("two", returning("two"))
    .put("three", returning("three"));
  const first = await worker(catalogue, "mux-repaired", new Repairs([]));
  const run = await start("mux-repaired", "one");
  const other = await start("mux-repaired", "one");
  expect(await run.query("state")).toBe("waiting");
  await run.signal(REPAIRED_SIGNAL, repaired(1, "two"));
  await run.signal(REPAIRED_SIGNAL, repaired(2, "three"));
  await expect.poll(() => first.successes.map(({ codeType }) => codeType)).toContain("three");
  await first.stop();
  running.splice(0);
  const second = await worker(catalogue, "mux-repaired", new Repairs([]));
  await run.signal("go");
  await other.signal("go");
  expect(await run.result()).toBe("three");
  expect(await other.result()).toBe("old");
  expect([...first.failures, ...second.failures]).toEqual([]);
});

test("an execution whose code fails goes on with other code as soon as the host is told", async () => {
  const catalogue = new Catalogue(fixture.prelude)
    .put("fails", WAIT_FOR_GO.replace("return answer", "undefined.x"))
    .put("works", returning("works"));
  const repairs = new Repairs([]);
  const host = await worker(catalogue, "mux-failing", repairs);
  const run = await start("mux-failing", "fails");
  await run.signal("go");
  await host.failureOf(run.workflowId);
  repairs.replace([{ workflowId: run.workflowId, number: 1, type: "works" }]);
  expect(await run.result()).toBe("works");
});

test("what new code does more at the place where the execution waits is kept for every later replay", async () => {
  const more = WAIT_FOR_GO.replace(
    "await condition",
    `await require("@temporalio/workflow").sleep(1); await condition`,
  );
  const catalogue = new Catalogue(fixture.prelude).put("before", WAIT_FOR_GO).put("more", more);
  const host = await worker(catalogue, "mux-more", new Repairs([]));
  const run = await start("mux-more", "before");
  expect(await run.query("state")).toBe("waiting");
  await run.signal(REPAIRED_SIGNAL, repaired(1, "more"));
  await run.signal("go");
  expect(await run.result()).toBe("old");
  expect(host.failures).toEqual([]);
  const replay = (type: string) =>
    catalogue.load(type).then(async (revision) =>
      replayHistory({
        threadScript: fixture.threadScript,
        revision,
        history: await run.fetchHistory(),
        workflowId: run.workflowId,
      }),
    );
  expect(await replay("more")).toEqual({ status: "fits" });
  expect(await replay("before")).toMatchObject({ status: "unfit" });
});
