import { type CorrectionInput, type FileSlot, NtroError, type OpenGate, reviewTables } from "@ntro/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LiveGate } from "./child-slots";
import { fitCorrections, requireReason, requireRow, shownAt } from "./decide";
import { fitValue } from "./fit-value";
import { chooseReview, chooseSlot } from "./gates";

function refused(work: () => unknown): NtroError {
  try {
    work();
  } catch (error) {
    if (error instanceof NtroError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const columns = [
  { key: "id", label: "Id", type: "text", editable: false },
  { key: "account", label: "Account", type: "text", editable: true },
  { key: "debit", label: "Debit", type: "currency", currency: "GBP", editable: true },
  { key: "is_debit", label: "Side", type: "dr_cr", editable: true },
  { key: "count", label: "Count", type: "number", editable: true },
  { key: "posted", label: "Posted", type: "date", editable: true },
];
const rows = [
  { id: "j1", account: "4000", debit: "1250.00", is_debit: true, count: 3, posted: "2026-03-31" },
  { id: "j2", account: "5000", debit: "0.00", is_debit: false, count: 0, posted: "2026-03-31" },
];
const gate = (over: Partial<OpenGate> = {}): OpenGate => ({
  token: "g1",
  kind: "interactive_review",
  step_id: "review",
  opened_at: "2026-04-05T08:00:00Z",
  title: "Journals",
  reason_required: true,
  action: {
    kind: "interactive_review",
    display_hint: { component: "DATA_TABLE", config: { datasets: [{ key: "rows", data_key: "rows", columns }] } },
    payload: { rows },
  },
  ...over,
});
const fit = (line: string, field: string, value: unknown, of = gate()) => fitCorrections(of, [{ line, field, value }]);

describe("corrections", () => {
  it("name a row by id or line, and carry what was seen", () => {
    const expected = { row_id: "j1", field: "debit", old_value: "1250.00", new_value: "1300.50" };
    expect(fit("j1", "debit", "1300.5")).toEqual([expected]);
    expect(fit("1", "debit", "1,300.50")).toEqual([expected]);
    expect(fit("rows:1", "Debit", 1300.5)).toEqual([expected]);
  });

  it("take the form of the value that is there", () => {
    expect(fit("j1", "account", 4100)[0]?.new_value).toBe("4100");
    expect(fit("j1", "is_debit", "CR")[0]?.new_value).toBe(false);
    expect(fit("j1", "count", "7")[0]?.new_value).toBe(7);
    expect(fit("j1", "posted", "2026-02-28")[0]?.new_value).toBe("2026-02-28");
  });

  it("that change nothing are left out", () => {
    expect(fit("j1", "debit", "1250")).toEqual([]);
  });

  it("see edits made during the review", () => {
    const edited = gate({
      edits: [{ row_id: "j1", field: "debit", old_value: "1250.00", new_value: "9.00", by: "Ann", at: "t" }],
    });
    expect(fit("j1", "debit", "10", edited)[0]?.old_value).toBe("9.00");
    expect(fit("j1", "debit", "9", edited)).toEqual([]);
  });

  it.each<[CorrectionInput, string]>([
    [{ line: "3", field: "debit", value: "1" }, "3: there is no such line"],
    [{ line: "0", field: "debit", value: "1" }, "0: there is no such line"],
    [{ line: "j9", field: "debit", value: "1" }, "j9: there is no such row"],
    [{ line: "1", field: "credit", value: "1" }, "1 credit: there is no such field"],
    [{ line: "1", field: "id", value: "j7" }, "1 id: the field may not be changed"],
    [{ line: "1", field: "debit", value: "12.345" }, "at most 2 decimals"],
    [{ line: "1", field: "debit", value: "1.234,56" }, "an amount of GBP"],
    [{ line: "1", field: "debit", value: null }, "cannot be emptied"],
    [{ line: "1", field: "is_debit", value: "maybe" }, "dr or cr"],
    [{ line: "1", field: "count", value: "many" }, "a number"],
    [{ line: "1", field: "posted", value: "2026-02-30" }, "that exists"],
    [{ line: "1", field: "posted", value: "31/03/2026" }, "YYYY-MM-DD"],
  ])("%o is refused", (input, said) => {
    const error = refused(() => fitCorrections(gate(), [input]));
    expect(error.code).toBe("CORRECTION_REFUSED");
    expect(error.message).toContain(said);
    expect(error.hint).toBe(
      "The review has lines 1 to 2 (ids j1, j2); editable: account, debit, is_debit, count, posted.",
    );
  });

  it("are refused together, all faults named", () => {
    const error = refused(() =>
      fitCorrections(gate(), [
        { line: "1", field: "x", value: 1 },
        { line: "2", field: "debit", value: "2" },
        { line: "2", field: "debit", value: "3" },
      ]),
    );
    expect(error.details).toEqual(["1 x: there is no such field", "2 debit: is given twice"]);
  });

  it("are refused where the review shows no table", () => {
    const plain = gate({ action: { kind: "interactive_review", payload: "text" } });
    expect(refused(() => fit("1", "debit", "1", plain)).hint).toContain("no table");
  });

  it("reach rows without ids by their place, in published bundles' payloads", () => {
    const bare = gate({
      action: {
        kind: "interactive_review",
        display_hint: { component: "DATA_TABLE", config: { allow_corrections: true } },
        payload: { lines: [{ amount: 10.5 }, { amount: 2 }] },
      },
    });
    expect(fit("2", "amount", "2.75", bare)).toEqual([{ row_id: "1", field: "amount", old_value: 2, new_value: 2.75 }]);
    const named = gate({
      action: {
        kind: "interactive_review",
        display_hint: { component: "DATA_TABLE", config: { allow_corrections: true } },
        payload: { items: [{ line_item_id: 7, amount: "1.00" }] },
      },
    });
    expect(fit("7", "amount", "2", named)).toEqual([
      { row_id: "7", field: "amount", old_value: "1.00", new_value: "2.00" },
    ]);
    expect(requireRow(named, "1")).toBe("7");
    expect(refused(() => requireRow(named, "9")).code).toBe("CORRECTION_REFUSED");
  });

  it("say of which table where there are several", () => {
    const two = gate({
      action: {
        kind: "interactive_review",
        display_hint: { component: "DATA_TABLE", config: { allow_corrections: true } },
        payload: { a: [{ id: "x", v: 1 }], b: [{ id: "y", v: 2 }] },
      },
    });
    expect(reviewTables(two).map((table) => table.key)).toEqual(["a", "b"]);
    expect(refused(() => fit("1", "v", 3, two)).message).toContain("a:1");
    expect(fit("b:1", "v", 3, two)[0]?.row_id).toBe("y");
  });
});

describe("a fitted amount", () => {
  const amount = fc
    .tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.integer({ min: 0, max: 99 }))
    .map(([whole, cents]) => `${whole}.${String(cents).padStart(2, "0")}`);
  it("is never rounded, however large", () => {
    fc.assert(
      fc.property(amount, (typed) => {
        const fitted = fitValue(typed, { type: "currency", present: "0.00", currency: "GBP" });
        expect(fitted).toEqual({ fits: true, value: /^-0+\.00$/.test(typed) ? typed.slice(1) : typed });
      }),
    );
  });
  it("has the decimals of its currency", () => {
    expect(fitValue("1200", { type: "currency", present: "1", currency: "JPY" })).toEqual({
      fits: true,
      value: "1200",
    });
    expect(fitValue("1200.5", { type: "currency", present: "1", currency: "JPY" })).toMatchObject({ fits: false });
    expect(fitValue("1200.50", { type: "currency", present: undefined, currency: "GBP" })).toEqual({
      fits: true,
      value: "1200.50",
    });
    expect(fitValue("007", { type: "currency", present: "1.000", currency: undefined })).toEqual({
      fits: true,
      value: "7.000",
    });
    expect(fitValue("-0", { type: "number", present: "1", currency: undefined })).toEqual({ fits: true, value: "0" });
  });
  it("stays a number only where every digit fits", () => {
    expect(fitValue("1234567890.12", { type: "currency", present: 1.5, currency: "GBP" })).toEqual({
      fits: true,
      value: 1234567890.12,
    });
    expect(fitValue("12345678901234567.12", { type: "currency", present: 1.5, currency: "GBP" })).toMatchObject({
      fits: false,
    });
  });
  it("keeps words for sides in their form", () => {
    expect(fitValue("credit", { type: "dr_cr", present: "DR", currency: undefined })).toEqual({
      fits: true,
      value: "CR",
    });
    expect(fitValue("cr", { type: "dr_cr", present: "Debit", currency: undefined })).toEqual({
      fits: true,
      value: "Credit",
    });
    expect(fitValue("yes", { type: "boolean", present: false, currency: undefined })).toEqual({
      fits: true,
      value: true,
    });
    expect(fitValue("perhaps", { type: "boolean", present: false, currency: undefined })).toMatchObject({
      fits: false,
    });
  });
});

describe("which gate an answer is for", () => {
  const slot = (source: string, status: FileSlot["status"] = "pending"): FileSlot => ({
    source,
    accept: [],
    max_size_mb: 25,
    status,
  });
  const review = (token: string): LiveGate => ({ workflowId: "t", gate: gate({ token, title: `Review ${token}` }) });
  const files = (token: string, ...slots: FileSlot[]): LiveGate => ({
    workflowId: "t:c",
    gate: gate({ token, kind: "submit_files", title: "Files", slots }),
  });

  it("is the only one that fits, or the one named", () => {
    expect(chooseReview("t", [files("f", slot("tb")), review("a")], undefined).gate.token).toBe("a");
    expect(chooseReview("t", [review("a"), review("b")], "b").gate.token).toBe("b");
    expect(chooseSlot("t", [review("a"), files("f", slot("tb", "completed"), slot("rr"))], {}).slot.source).toBe("rr");
    expect(chooseSlot("t", [files("f", slot("tb")), files("g", slot("rr"))], { source: "rr" }).gate.token).toBe("g");
    expect(
      chooseSlot("t", [files("f", slot("tb")), files("g", slot("tb"))], { gate: "g", source: "tb" }).gate.token,
    ).toBe("g");
  });

  it("is said where there are several", () => {
    const error = refused(() => chooseReview("t", [review("a"), review("b")], undefined));
    expect(error).toMatchObject({ code: "GATE_AMBIGUOUS", details: [{ gate: "a" }, { gate: "b" }] });
    expect(refused(() => chooseSlot("t", [files("f", slot("tb"), slot("rr"))], {}))).toMatchObject({
      code: "GATE_AMBIGUOUS",
      details: [{ source: "tb" }, { source: "rr" }],
    });
  });

  it("is none where nothing waits, or not for this", () => {
    const nothing = refused(() => chooseReview("t", [], undefined));
    expect(nothing).toMatchObject({ code: "GATE_NOT_OPEN", message: "The task waits for no decision." });
    expect(refused(() => chooseReview("t", [review("b")], "a"))).toMatchObject({
      code: "GATE_NOT_OPEN",
      hint: 'It waits for "Review b" (interactive_review, gate b).',
    });
    expect(refused(() => chooseReview("t", [files("f", slot("tb"))], "f")).message).toContain("asks for a file");
    expect(refused(() => chooseSlot("t", [review("a")], {})).message).toBe("The task waits for no file.");
    expect(refused(() => chooseSlot("t", [review("a")], { gate: "a" })).message).toContain("asks for a decision");
    expect(
      refused(() => chooseSlot("t", [files("f", slot("tb", "completed"), slot("rr"))], { source: "tb" })).message,
    ).toContain("submitted already");
    expect(refused(() => chooseSlot("t", [files("f", slot("tb"))], { source: "zz" })).message).toContain(
      'asks for no file "zz"',
    );
    expect(refused(() => chooseSlot("t", [files("f", slot("tb"))], { gate: "old" })).message).toContain("not open");
  });

  it("has one slot where a published bundle describes none", () => {
    const published = {
      workflowId: "t",
      gate: gate({ token: "p", kind: "submit_file", action: { kind: "submit_file", args: { source: "bank" } } }),
    };
    expect(chooseSlot("t", [published], {}).slot).toMatchObject({ source: "bank", accept: [], status: "pending" });
  });
});

describe("a decision", () => {
  it("needs a reason where its gate asks for one and it rejects", () => {
    expect(refused(() => requireReason(gate(), "rejected", "  ")).code).toBe("REASON_REQUIRED");
    expect(() => requireReason(gate(), "rejected", "no bank statement")).not.toThrow();
    expect(() => requireReason(gate(), "approved", null)).not.toThrow();
    expect(() => requireReason(gate({ reason_required: false }), "rejected", null)).not.toThrow();
  });
  it("keeps what was shown", () => {
    expect(shownAt(gate(), undefined)).toMatchObject({ gate: "g1", title: "Journals", action: { payload: { rows } } });
  });
});
