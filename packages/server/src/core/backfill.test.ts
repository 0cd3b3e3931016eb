import { expect, test } from "vitest";
import { lanes, MOST_PERIODS, type PeriodTask, periodsBetween, planPeriod, requirePeriodParameter } from "./backfill";

test("the periods of a range, also over years", () => {
  expect(periodsBetween("2026-01", "2026-03")).toEqual(["2026-01", "2026-02", "2026-03"]);
  expect(periodsBetween("2025-11", "2026-02")).toEqual(["2025-11", "2025-12", "2026-01", "2026-02"]);
  expect(periodsBetween("2026-01", "2026-01")).toEqual(["2026-01"]);
  expect(periodsBetween("2016-01", "2025-12")).toHaveLength(MOST_PERIODS);
});

test("a range that runs backwards or is far too long", () => {
  expect(() => periodsBetween("2026-03", "2026-01")).toThrow("The range ends (2026-01) before it begins (2026-03).");
  expect(() => periodsBetween("1985-01", "2026-08")).toThrow("there are 500 periods; a backfill has 120 at most");
});

test("a runbook whose tasks are for no period", () => {
  const schema = (properties: object) => ({ inputSchema: { type: "object", properties }, global: {} });
  expect(() => requirePeriodParameter("nav@1.0.0", schema({ period: { type: "string" } }))).not.toThrow();
  expect(() => requirePeriodParameter("nav@1.0.0", { inputSchema: null, global: {} })).not.toThrow();
  expect(() =>
    requirePeriodParameter("nav@1.0.0", { inputSchema: null, global: { period: { type: "string" } } }),
  ).not.toThrow();
  expect(() => requirePeriodParameter("nav@1.0.0", schema({ date: {} }))).toThrow(
    "nav@1.0.0 takes no start parameter `period`",
  );
  expect(() => requirePeriodParameter("nav@1.0.0", schema({}))).toThrow("nothing to backfill");
});

test("what is done about a period", () => {
  const task = (id: string, status: PeriodTask["status"]): PeriodTask => ({
    id,
    status,
    closed: status === "COMPLETED" || status === "FAILED",
  });
  const [open, done, failed] = [task("o", "BLOCKED"), task("d", "COMPLETED"), task("f", "FAILED")];
  for (const again of [true, false]) {
    expect(planPeriod([], again)).toEqual({ kind: "start", previous: null });
    expect(planPeriod([failed], again)).toEqual({ kind: "start", previous: failed });
    expect(planPeriod([done, open], again)).toEqual({ kind: "running", task: open });
  }
  expect(planPeriod([failed, done], false)).toEqual({ kind: "already-ran", task: done });
  expect(planPeriod([done, failed], true)).toEqual({ kind: "start", previous: done });
});

test("one at a time where the runbook says so, and never more lanes than periods", () => {
  expect(lanes("one-per-workflow", 5, 12)).toBe(1);
  expect(lanes("one-per-period", 5, 12)).toBe(5);
  expect(lanes("any", 5, 2)).toBe(2);
});
