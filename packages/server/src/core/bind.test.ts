import { NtroError } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { type Binding, type BindingPatch, planBinding } from "./bind";

const bound: Binding = {
  name: null,
  description: "d",
  runbookVersion: "1.0.0",
  schedule: "0 8 5 * *",
  timezone: "Europe/London",
  defaultConfig: { a: 1 },
};
const plan = (existing: Binding | undefined, patch: BindingPatch) =>
  planBinding("nav", existing, patch, ["1.0.0", "1.1.0"]);
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof NtroError) return error.code;
  }
  return undefined;
};

describe("binding a workflow", () => {
  it("makes a new one, following the current version unless pinned", () => {
    expect(plan(undefined, {})).toEqual({
      binding: {
        name: null,
        description: null,
        runbookVersion: null,
        schedule: null,
        timezone: null,
        defaultConfig: null,
      },
      changes: [],
    });
    expect(plan(undefined, { schedule: " 0  8 5 * * " }).binding).toMatchObject({
      schedule: "0 8 5 * *",
      timezone: "UTC",
    });
  });
  it("leaves what is absent", () => {
    expect(plan(bound, {})).toEqual({ binding: bound, changes: [] });
    expect(plan(bound, { schedule: undefined, runbookVersion: undefined }).changes).toEqual([]);
  });
  it("removes what is null, the zone with its schedule", () => {
    expect(plan(bound, { schedule: null, runbookVersion: null, defaultConfig: null })).toEqual({
      binding: { ...bound, schedule: null, timezone: null, runbookVersion: null, defaultConfig: null },
      changes: [
        { field: "runbookVersion", before: "1.0.0", after: null },
        { field: "schedule", before: "0 8 5 * *", after: null },
        { field: "timezone", before: "Europe/London", after: null },
        { field: "defaultConfig", before: '{"a":1}', after: null },
      ],
    });
  });
  it("says what changed", () => {
    expect(plan(bound, { runbookVersion: "1.1.0", timezone: "UTC" }).changes).toEqual([
      { field: "runbookVersion", before: "1.0.0", after: "1.1.0" },
      { field: "timezone", before: "Europe/London", after: "UTC" },
    ]);
  });
  it("refuses a bad schedule, a zone without one, and a version that is not there", () => {
    expect(codeOf(() => plan(undefined, { schedule: "0 8 31 2 *" }))).toBe("SCHEDULE_INVALID");
    expect(codeOf(() => plan(undefined, { timezone: "UTC" }))).toBe("SCHEDULE_INVALID");
    expect(codeOf(() => plan(bound, { timezone: "Mars/Base" }))).toBe("SCHEDULE_INVALID");
    expect(codeOf(() => plan(bound, { runbookVersion: "9.9.9" }))).toBe("VERSION_NOT_FOUND");
  });
  it("keeps a pin whose version has gone since", () => {
    expect(codeOf(() => planBinding("nav", bound, { description: "x" }, []))).toBeUndefined();
  });
});
