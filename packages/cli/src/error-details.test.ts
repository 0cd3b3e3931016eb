import { describe, expect, it } from "vitest";
import { detailLines } from "./error-details";

const lines = (details: unknown[], message = "No.", hint?: string) => detailLines({ message, details, hint });

describe("details of an error", () => {
  it.each<[string, unknown, string]>([
    ["a text", "fee: not a number", "fee: not a number"],
    ["an invalid field", { field: "slug", message: "too long" }, "slug: too long"],
    ["the path of one", { path: ["rows", 0, "amount"], message: "missing" }, "rows.0.amount: missing"],
    ["a message of no place", { message: "missing" }, "missing"],
    ["a message and more", { field: "a", message: "late", limit: 3 }, "a: late (limit: 3)"],
    [
      "a gate",
      { gate: "t:review#1", kind: "approval", title: "Approve journals", task: "t" },
      "gate: t:review#1, kind: approval, title: Approve journals, task: t",
    ],
    ["a tree", { a: { b: 1, c: [1, 2] }, d: null, e: [{ f: "x" }] }, "a.b: 1, a.c: 1 2, e.0.f: x"],
    ["a number", 7, "7"],
  ])("show %s as words", (_, detail, line) => {
    expect(lines([detail])).toEqual([`  - ${line}`]);
  });

  it("are left out where message and hint have told them", () => {
    const gate = { gate: "t:review#1", kind: "approval", title: "Approve" };
    expect(lines([gate], "Not open.", 'It waits for "Approve" (approval, gate t:review#1).')).toEqual([]);
    expect(lines([{ field: "limit", message: "0 is too small" }], "limit: 0 is too small.")).toEqual([]);
  });
});
