import { type Correction, type DecideUpdate, decideUpdate, type RowActionUpdate } from "@ntro/contract/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { decimal } from "../decimal";
import { check, type ReviewOptions, type RowSchema } from "../gates";
import { money } from "../schema";
import { Review } from "./review";

const Line = z.object({
  id: z.string(),
  account: z.string().regex(/^\d{4}$/, "an account code has four digits"),
  debit: money("GBP"),
  credit: money("GBP"),
  note: z.string().optional(),
});
const actor = { id: "u", name: "Robin", via: "person" } as const;
const at = "2026-04-03T08:00:00.000Z";
const balanced = check<z.infer<typeof Line>>({
  id: "balanced",
  title: "Balanced",
  run: (lines) => {
    const difference = decimal.subtract(
      decimal.sum(lines.map((line) => line.debit)),
      decimal.sum(lines.map((line) => line.credit)),
    );
    return decimal.isZero(difference) ? { status: "pass" } : { status: "fail", detail: difference };
  },
});

function reviewOf(more: Partial<ReviewOptions<typeof Line, unknown>> = {}): Review {
  const options: ReviewOptions<typeof Line, unknown> = {
    title: "Lines",
    row: Line,
    rows: [
      { id: "a", account: "1100", debit: "10", credit: "0" },
      { id: "b", account: "2100", debit: "0", credit: "10" },
    ],
    editable: ["account", "debit", "credit", "note"],
    rejectRows: true,
    checks: [balanced],
    ...more,
  };
  return new Review(options as unknown as ReviewOptions<RowSchema, unknown>);
}

const approving = (corrections: Correction[] = []): DecideUpdate =>
  decideUpdate({ gate: "t", decision: "approved", reason: undefined, corrections, actor, at });
const change = (action: Omit<RowActionUpdate, "gate" | "actedBy" | "at">): RowActionUpdate => ({
  gate: "t",
  actedBy: actor,
  at,
  ...action,
});
const edit = (row_id: string, field: string, value: unknown, old_value?: unknown) =>
  change({ action: "edit_cell", row_id, field, value, ...(old_value === undefined ? {} : { old_value }) });
const shown = (review: Review) => review.view().action.payload as { rows: Record<string, unknown>[] };

test("rows are shown as their schema writes them", () => {
  expect(shown(reviewOf()).rows[0]).toEqual({ id: "a", account: "1100", debit: "10.00", credit: "0.00" });
});

test("rows that do not fit, or share an id, are a bug", () => {
  expect(() => reviewOf({ rows: [{ id: "a", account: "11", debit: "1", credit: "1" }] })).toThrow("four digits");
  const row = { id: "a", account: "1100", debit: "1", credit: "1" };
  expect(() => reviewOf({ rows: [row, row] })).toThrow("ids that differ");
});

test.each([
  ["an unknown line", { row_id: "z", field: "debit", new_value: "1" }, 'There is no line "z".'],
  [
    "a column that is not editable",
    { row_id: "a", field: "id", new_value: "x" },
    '"id" of line "a" may not be changed',
  ],
  ["an unknown column", { row_id: "a", field: "__proto__", new_value: "x" }, "may not be changed; these may: account"],
  [
    "a stale value",
    { row_id: "a", field: "debit", old_value: "9.00", new_value: "1" },
    'is "10.00" by now, not "9.00"',
  ],
  ["a value that does not fit", { row_id: "a", field: "account", new_value: "11" }, "an account code has four digits"],
  ["money as a number", { row_id: "a", field: "debit", new_value: 5 }, '5 does not fit "debit" of line "a"'],
  ["emptying what may not be empty", { row_id: "a", field: "debit", new_value: null }, "null does not fit"],
])("refuses %s, and changes nothing", (_, correction, why) => {
  const review = reviewOf();
  const sound = { row_id: "b", field: "account", new_value: "2200" };
  expect(() => review.decide(approving([sound, correction]))).toThrow(why);
  expect(review.view().edits).toEqual([]);
  expect(shown(review).rows[1]?.account).toBe("2100");
});

test("several corrections to one row, each on top of the one before", () => {
  const corrections = [
    { row_id: "a", field: "debit", old_value: "10.00", new_value: "5" },
    { row_id: "a", field: "debit", old_value: "5.00", new_value: "6" },
    { row_id: "a", field: "note", new_value: "seen" },
    { row_id: "a", field: "note", old_value: "seen", new_value: null },
  ];
  const { outcome } = reviewOf().decide(approving(corrections))();
  expect(outcome).toMatchObject({
    decision: "approved",
    approvedBy: actor,
    rows: [{ id: "a", debit: "6.00" }, { id: "b" }],
    corrections: [
      { rowId: "a", field: "debit", from: "10.00", to: "5.00" },
      { rowId: "a", field: "debit", from: "5.00", to: "6.00" },
      { rowId: "a", field: "note", to: "seen" },
      { rowId: "a", field: "note", from: "seen", to: undefined },
    ],
  });
});

test("edits and rejected rows show at once, checks run on what is left", () => {
  const review = reviewOf();
  expect(review.view().action.checks).toMatchObject({ status: "pass" });
  review.rowAction(edit("a", "debit", "12"))();
  expect(shown(review).rows[0]?.debit).toBe("12.00");
  expect(review.view().edits).toEqual([
    { row_id: "a", field: "debit", old_value: "10.00", new_value: "12.00", by: "Robin", at },
  ]);
  expect(review.view().action.checks?.items[0]).toMatchObject({ status: "fail", detail: "2.00" });
  review.rowAction(change({ action: "reject_row", row_id: "a" }))();
  review.rowAction(change({ action: "reject_row", row_id: "b" }))();
  expect(review.view()).toMatchObject({ rejected_rows: ["a", "b"], action: { checks: { status: "pass" } } });
  review.rowAction(change({ action: "restore_row", row_id: "a" }))();
  expect(review.decide(approving())().outcome).toMatchObject({ rows: [{ id: "a" }], rejectedRows: [{ id: "b" }] });
});

test("what is asked is not yet done", () => {
  const review = reviewOf();
  review.rowAction(edit("a", "debit", "12"));
  review.rowAction(change({ action: "reject_row", row_id: "a" }));
  review.decide(approving([{ row_id: "a", field: "debit", new_value: "1" }]));
  expect(review.view()).toMatchObject({ edits: [], rejected_rows: [] });
});

test("the author is asked about every change, and refuses with a sentence", () => {
  const asked: unknown[] = [];
  const review = reviewOf({
    onChange: (given, rows) => {
      asked.push([given.action, given.rowId, given.value, rows.length]);
      if (given.rowId === "b") throw new TypeError("no b");
      return given.value === "9999" ? "That account is closed." : undefined;
    },
  });
  review.rowAction(edit("a", "debit", "3"));
  expect(() => review.rowAction(edit("a", "account", "9999"))).toThrow("That account is closed.");
  expect(() => review.decide(approving([{ row_id: "a", field: "account", new_value: "9999" }]))).toThrow("closed");
  expect(() => review.rowAction(change({ action: "reject_row", row_id: "b" }))).toThrow("could not be checked: no b");
  expect(asked).toEqual([
    ["edit_cell", "a", "3.00", 2],
    ["edit_cell", "a", "9999", 2],
    ["edit_cell", "a", "9999", 2],
    ["reject_row", "b", undefined, 2],
  ]);
});

test("a rejection needs a reason; single rows only where that is allowed", () => {
  const rejecting = (reason: string | undefined) =>
    decideUpdate({ gate: "t", decision: "rejected", reason, corrections: [], actor, at });
  const review = reviewOf({ rejectRows: false });
  expect(() => review.decide(rejecting(undefined))).toThrow("needs a reason");
  expect(() => review.decide(rejecting(" \n"))).toThrow("needs a reason");
  expect(review.decide(rejecting(" Wrong month. "))().outcome).toEqual({
    decision: "rejected",
    reason: "Wrong month.",
    rejectedBy: actor,
    at,
  });
  expect(() => review.rowAction(change({ action: "reject_row", row_id: "a" }))).toThrow("cannot be rejected");
  expect(() => review.rowAction(change({ action: "edit_cell", row_id: "a", value: "1" }))).toThrow("names a field");
});

test("a check that throws shows as failed and stops nobody", () => {
  const broken = check<z.infer<typeof Line>>({
    id: "x",
    title: "X",
    run: ([first]) => JSON.parse(first?.account ?? ""),
  });
  const review = reviewOf({ checks: [{ ...broken, run: () => JSON.parse("{") }] });
  expect(review.view().action.checks?.items[0]).toMatchObject({
    status: "fail",
    detail: expect.stringContaining("The check itself failed"),
  });
  expect(review.decide(approving())().outcome.decision).toBe("approved");
});

test("checks run once for each change, however often the review is read", () => {
  let runs = 0;
  const counted = check<z.infer<typeof Line>>({
    id: "counted",
    title: "Counted",
    run: () => {
      runs += 1;
      return { status: "pass" };
    },
  });
  const review = reviewOf({ checks: [counted] });
  for (let read = 0; read < 5; read += 1) review.view();
  expect(runs).toBe(1);
  review.rowAction(edit("a", "debit", "1"))();
  review.view();
  expect(runs).toBe(2);
});

test("whatever is corrected, approved rows fit their schema and only editable cells differ", () => {
  const corrections = fc.array(
    fc.record({
      row_id: fc.constantFrom("a", "b", "c"),
      field: fc.constantFrom("id", "account", "debit", "credit", "note"),
      new_value: fc.oneof(fc.constantFrom("1", "2.5", "1234", null, 7), fc.string()),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(corrections, (given) => {
      const review = reviewOf();
      let apply: ReturnType<Review["decide"]>;
      try {
        apply = review.decide(approving(given));
      } catch {
        expect(shown(review).rows).toEqual(shown(reviewOf()).rows);
        return;
      }
      const { outcome } = apply();
      if (outcome.decision !== "approved") throw new Error("It was approved.");
      expect(z.array(Line).parse(outcome.rows)).toEqual(outcome.rows);
      expect(outcome.rows.map((row) => row.id)).toEqual(["a", "b"]);
    }),
  );
});
