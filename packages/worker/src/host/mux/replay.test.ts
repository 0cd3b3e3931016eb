import { afterAll, beforeAll, expect, test } from "vitest";
import { replayHistory } from "./replay";
import { Catalogue, type MuxFixture, runWorker, startFixture, WAIT_FOR_GO } from "./testing/fixture";

let fixture: MuxFixture;

beforeAll(async () => {
  fixture = await startFixture();
});

afterAll(async () => {
  await fixture.stop();
});

test("tells whether another revision can go on from a history", async () => {
  const before = WAIT_FOR_GO.replace(
    "await condition",
    `await require("@temporalio/workflow").sleep(1); await condition`,
  );
  const catalogue = new Catalogue(fixture.prelude).put("recorded", before);
  const running = await runWorker(fixture, catalogue);
  const run = await fixture.client.workflow.start("recorded", {
    taskQueue: running.taskQueue,
    args: ["done"],
    workflowId: crypto.randomUUID(),
  });
  await expect.poll(() => running.successes.length).toBeGreaterThan(1);
  const history = await run.fetchHistory();
  const replay = (workflow: string) =>
    replayHistory({
      threadScript: fixture.threadScript,
      revision: { type: "repaired", workflow, prelude: fixture.prelude },
      history,
      workflowId: run.workflowId,
    });
  expect(await replay(before.replace("return answer", "return answer + 1"))).toEqual({ status: "fits" });
  const renamed = before.replace("sleep(1)", `proxyActivities({ startToCloseTimeout: "5s" }).echo(1)`);
  expect(await replay(renamed)).toMatchObject({
    status: "unfit",
    failure: { kind: "nondeterminism", message: expect.stringContaining("HistoryEvent(id: 5, TimerStarted)") },
    lastEventId: 3,
    stacks: [expect.stringContaining("repaired/workflow.js:7:")],
  });
  const throwing = before.replace("await condition", "undefined.x; await condition");
  expect(await replay(throwing)).toMatchObject({ status: "unfit", failure: { kind: "code", type: "TypeError" } });
  await run.terminate();
  await running.stop();
});
