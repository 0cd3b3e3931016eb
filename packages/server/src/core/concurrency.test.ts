import { expect, test } from "vitest";
import { concurrencyOf, hindrance, taskRunning } from "./concurrency";

const march = { id: "m", title: "NAV 2026-03 · SPV1", period: "2026-03" };
const april = { id: "a", title: "NAV 2026-04 · SPV1", period: "2026-04" };
const none = { id: "n", title: "NAV · SPV1", period: null };

test("what runbook.md says holds; without a word it depends on the schedule", () => {
  expect(concurrencyOf(undefined, null)).toBe("any");
  expect(concurrencyOf(undefined, "0 8 5 * *")).toBe("one-per-period");
  expect(concurrencyOf("any", "0 8 5 * *")).toBe("any");
  expect(concurrencyOf("one-per-workflow", null)).toBe("one-per-workflow");
});

test("one-per-period: an open task of the same period", () => {
  expect(hindrance("one-per-period", "2026-04", [march, none, april])).toBe(april);
  expect(hindrance("one-per-period", "2026-05", [march, none, april])).toBeUndefined();
  expect(hindrance("one-per-period", null, [march, none])).toBeUndefined();
});

test("one-per-workflow: any open task, with a period or without", () => {
  expect(hindrance("one-per-workflow", "2026-05", [march])).toBe(march);
  expect(hindrance("one-per-workflow", null, [none])).toBe(none);
  expect(hindrance("one-per-workflow", null, [])).toBeUndefined();
});

test("any: none", () => {
  expect(hindrance("any", "2026-03", [march])).toBeUndefined();
});

test("the refusal names the task, how to look at it and how to allow it", () => {
  const refusal = taskRunning("one-per-period", march);
  expect(refusal).toMatchObject({ code: "TASK_RUNNING", status: 409, exitCode: 1, details: [{ taskId: "m" }] });
  expect(refusal.message).toBe(
    "The workflow runs one task for 2026-03, and this one is still open: NAV 2026-03 · SPV1 (m).",
  );
  expect(refusal.hint).toContain("`ntro run status m`");
  expect(refusal.hint).toContain("`concurrency: any`");
});
