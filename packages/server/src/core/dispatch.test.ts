import { ERRORS, type ErrorCode, NtroError } from "@ntro/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CATCH_UP_MS,
  type Pause,
  pauseAt,
  planFiring,
  planUnfired,
  refusedStart,
  settledUntil,
  type Unfired,
} from "./dispatch";

const nominalTime = new Date("2026-04-05T07:00:00Z");
const schedule = { schedule: "0 8 5 * *", timezone: "Europe/London" };
const firing = { nominalTime, firedBy: schedule, schedule, settled: undefined, taskId: undefined, pauses: [] };
const pause = (since: string, until: string | null): Pause => ({
  since: new Date(since),
  until: until === null ? null : new Date(until),
  by: "Ann",
  reason: "year end",
});

describe("a firing", () => {
  it("starts a task", () => {
    expect(planFiring(firing)).toEqual({ kind: "start" });
  });

  it("from before firings said their schedule starts one too", () => {
    expect(planFiring({ ...firing, firedBy: null })).toEqual({ kind: "start" });
  });

  it("changes nothing where there is an outcome", () => {
    expect(planFiring({ ...firing, settled: "ran", taskId: "t", schedule: null })).toEqual({
      kind: "settled",
      as: "ran",
    });
  });

  it("takes over the task that was started before there was a ledger", () => {
    expect(planFiring({ ...firing, taskId: "t" })).toEqual({ kind: "adopt", taskId: "t" });
  });

  it("of a schedule that is gone or changed is nothing", () => {
    expect(planFiring({ ...firing, schedule: null }).kind).toBe("gone");
    expect(planFiring({ ...firing, firedBy: { ...schedule, timezone: "UTC" } }).kind).toBe("gone");
  });

  it("within a pause is skipped, also when it comes after the pause has ended", () => {
    for (const until of [null, "2026-04-06T00:00:00Z"])
      expect(planFiring({ ...firing, pauses: [pause("2026-04-05T07:00:00Z", until)] })).toEqual({
        kind: "skip",
        record: {
          outcome: "skipped",
          cause: "paused",
          reason: "The schedule was paused by Ann: year end",
          taskId: null,
        },
      });
  });

  it("at the very end of a pause is not", () => {
    expect(planFiring({ ...firing, pauses: [pause("2026-04-01T00:00:00Z", "2026-04-05T07:00:00Z")] }).kind).toBe(
      "start",
    );
  });
});

describe("a start that is refused", () => {
  it("because a task is running is skipped, and names that task", () => {
    const error = new NtroError("TASK_RUNNING", "March is open.", { details: [{ taskId: "m" }] });
    expect(refusedStart(error)).toEqual({
      outcome: "skipped",
      cause: "overlap",
      reason: "March is open.",
      taskId: "m",
    });
  });

  it("is tried again exactly when what refuses it will pass", () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const refused = refusedStart(new NtroError(code, "No."));
      if (ERRORS[code].status >= 500) expect(refused).toBeUndefined();
      else expect(refused).toMatchObject({ outcome: code === "TASK_RUNNING" ? "skipped" : "failed" });
    }
    expect(refusedStart(new Error("a bug"))).toBeUndefined();
  });
});

function said(each: Unfired): string {
  return each.kind === "fire" ? "fires" : (each.record.cause ?? each.record.outcome);
}

describe("times that nothing was dispatched for", () => {
  const now = new Date("2026-11-23T12:00:00Z");
  const ago = fc.integer({ min: 0, max: 3 * 24 * 60 }).map((minutes) => new Date(now.getTime() - minutes * 60_000));
  const pauses = fc.array(
    fc.tuple(ago, fc.option(ago, { nil: null })).map(([since, until]) => ({ since, until, by: "Ann", reason: null })),
    { maxLength: 3 },
  );
  const expected = fc
    .uniqueArray(ago, { maxLength: 30, selector: (time) => time.getTime() })
    .map((times) => times.sort((a, b) => a.getTime() - b.getTime()));

  it("each get one thing to be done: skipped in a pause, missed when it is too late, else fired", () => {
    fc.assert(
      fc.property(expected, fc.array(ago), pauses, fc.boolean(), (times, settled, paused, removed) => {
        const known = new Set(settled.map((time) => time.getTime()));
        const removedBy = removed ? "Ann" : undefined;
        const unfired = planUnfired({ expected: times, settled: known, pauses: paused, now, removedBy });
        expect(unfired.map(({ time }) => time)).toEqual(times.filter((time) => !known.has(time.getTime())));
        const late = (time: Date) => now.getTime() - time.getTime() > CATCH_UP_MS;
        const open = removed ? "removed" : "fires";
        const fits = (time: Date) => (pauseAt(paused, time) ? "paused" : late(time) ? "missed" : open);
        expect(unfired.map(said)).toEqual(unfired.map(({ time }) => fits(time)));
      }),
    );
  });

  it("are all settled up to the first that fires", () => {
    fc.assert(
      fc.property(expected, pauses, (times, paused) => {
        const unfired = planUnfired({ expected: times, settled: new Set(), pauses: paused, now });
        const until = settledUntil(unfired, now);
        for (const { time, kind } of unfired) if (time <= until) expect(kind).toBe("record");
        const first = unfired.find(({ kind }) => kind === "fire");
        expect(until).toEqual(first ? new Date(first.time.getTime() - 1) : now);
      }),
    );
  });
});
