import { QUERIES } from "@ntro/contract";
import { expect, test } from "vitest";
import type { HostUnderTest } from "../host-under-test";
import { IDENTITY } from "../task";
import { testWith } from "../test-with";
import type { Trial } from "../trial";

/** What goes wrong, and how it is told. */
export function failures(host: HostUnderTest, trial: () => Trial): void {
  const trouble = (what: string) => trial().start("trouble", { what });

  const expectFailure = async (what: string, failure: { type: string; message: unknown }) => {
    const task = await trouble(what);
    expect(await task.failure()).toEqual(failure);
    expect(await task.lastReport()).toMatchObject({ closing: "failed", gates: [] });
  };
  /** The task is open still, and its code reported as failing. */
  const expectCodeFailing = async (what: string, message: string) => {
    const task = await trouble(what);
    const { failure } = await task.codeFailing();
    expect(failure.message).toContain(message);
    expect((await task.handle.describe()).status.name).toBe("RUNNING");
    await task.handle.terminate();
    return failure;
  };

  test.each([
    ["fail in workflow", { type: "NothingToClose", message: "Nothing to close." }],
    ["fail in activity", { type: "LedgerClosed", message: "The ledger is closed." }],
    ["input does not fit", { type: "ActivityInputInvalid", message: expect.stringMatching(/price.*2 decimal/s) }],
    [
      "large activity result",
      { type: "ResultTooLarge", message: expect.stringContaining('"large" has 1000012 bytes') },
    ],
    ["large result", { type: "ResultTooLarge", message: expect.stringContaining("1000013 bytes") }],
  ])("%s: the task fails with it", expectFailure);

  testWith(host, "outputSchemas", "output does not fit: the task fails with it", () =>
    expectFailure("output does not fit", {
      type: "ActivityOutputInvalid",
      message: expect.stringContaining("no decimals"),
    }),
  );

  test("a bug: the task stays open, its code is reported as failing, with file and line", async () => {
    const failure = await expectCodeFailing("bug", "first");
    expect(failure.stackTrace).toMatch(/templates\/workflow\.(ts:|py", line )\d+/);
  });

  test("a review too large to show: the task stays open, its code is reported as failing", async () => {
    await expectCodeFailing("huge review", "at most 1250000");
  });

  testWith(host, "outputSchemas", "a result that does not fit: the same", async () => {
    await expectCodeFailing("result does not fit", "does not fit its output schema");
  });

  testWith(host, "awaitedWork", "a gate that nobody awaits: the same", async () => {
    const message = 'The step "work" ended before what it had begun: the approval "Nobody waits for this"';
    await expectCodeFailing("forgotten gate", message);
  });

  testWith(host, "awaitedWork", "a step that nobody awaits: the same", async () => {
    await expectCodeFailing("forgotten step", "ended while these steps were under way: work");
  });

  test("a failed activity is tried again as its retries say", async () => {
    const task = await trouble("retried");
    expect(await task.result()).toEqual({ done: "after 2 tries" });
  });

  test("an activity that fails at every try fails the task", async () => {
    const task = await trouble("never works");
    expect(await task.failure()).toMatchObject({ message: "try 2 failed" });
    expect((await task.lastReport()).steps).toMatchObject([{ id: "work", status: "failed" }, { status: "pending" }]);
  });

  testWith(
    host,
    "askOnFailure",
    "a failed activity is tried again when a person says so, under the same idempotency key",
    async () => {
      const task = await trouble("ask");
      const gate = await task.gate();
      expect(gate).toMatchObject({ kind: "interactive_review", step_id: "work", reason_required: true });
      expect(gate.action.payload).toEqual({ activity: "flaky", error: { type: "Error", message: "try 2 failed" } });
      const reported = await task.reported((report) => report.gates.length > 0);
      expect(JSON.stringify(reported)).not.toContain("try 2 failed");
      await task.approve(gate);
      expect(await task.result()).toEqual({ done: "after 3 tries" });
    },
  );

  testWith(host, "askOnFailure", "given up, the task fails with the activity's failure", async () => {
    const task = await trouble("ask");
    await task.reject(await task.gate(), "It will not work.");
    expect(await task.failure()).toEqual({ type: "Error", message: "try 2 failed" });
  });

  test("invalid input fails at once", async () => {
    const task = await trial().start("trouble", { what: "nothing known" });
    expect(await task.failure()).toMatchObject({ type: "InputInvalid" });
    const wrong = await trial().start("review-lines", { rows: [{ id: "a" }] });
    expect(await wrong.failure()).toMatchObject({ type: "InputInvalid", message: expect.stringContaining("account") });
  });

  testWith(host, "shortActivities", "short activities run inside the workflow's turn", async () => {
    const task = await trouble("short activities");
    expect(await task.result()).toEqual({ done: `3 more ${IDENTITY.entity_slug}` });
    const events = await task.eventTypes();
    expect(events.filter((event) => event.startsWith("activityTask"))).toEqual([]);
    expect(events.filter((event) => event === "workflowTaskScheduledEventAttributes")).toHaveLength(1);
  });

  test("a step that is entered again starts over", async () => {
    const task = await trouble("entered again");
    await task.approve(await task.gate("Round 1"));
    const second = await task.gate("Round 2");
    const { steps } = await task.state();
    expect(steps[0]).toMatchObject({ status: "active" });
    expect(steps[0]).not.toHaveProperty("ended_at");
    expect(await task.query(QUERIES.snapshots)).toEqual({});
    await task.approve(second);
    await task.result();
    expect(await task.query(QUERIES.snapshots)).toMatchObject({ work: { decision: { gate: second.token } } });
  });
}
