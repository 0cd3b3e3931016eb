import { type Correction, QUERIES, SIGNALS, UPDATES } from "@ntro/contract";
import { WorkflowNotFoundError } from "@temporalio/client";
import { expect, test } from "vitest";
import type { HostUnderTest } from "../host-under-test";
import { REVIEWER, records, refusal } from "../task";
import { testWith } from "../test-with";
import type { Trial } from "../trial";

const REVIEW = "Lines of March";
const CONFIRM = "Post now?";

/** Decisions, corrections and the tokens that guard them. */
export function reviews(host: HostUnderTest, trial: () => Trial): void {
  const reviewOpen = async (input: Record<string, unknown> = {}) => {
    const task = await trial().start("review-lines", input);
    return { task, gate: await task.gate(REVIEW) };
  };

  test("an approval goes on, and no token is good twice or for another gate", async () => {
    const { task, gate } = await reviewOpen();
    expect(await task.approve(gate)).toEqual({ accepted: true });
    const confirm = await task.gate(CONFIRM);
    expect(confirm.token).not.toBe(gate.token);
    expect(await refusal(task.approve(gate))).toMatchObject({ type: "GATE_NOT_OPEN" });
    expect(await refusal(task.reject(gate, "late"))).toMatchObject({ type: "GATE_NOT_OPEN" });
    expect((await task.state()).gates.map((open) => open.token)).toEqual([confirm.token]);
    await task.approve(confirm);
    expect(await task.result()).toMatchObject({ decision: "approved", by: REVIEWER.name, posted: "2501.00" });
  });

  test("of two answers at once exactly one wins", async () => {
    const { task, gate } = await reviewOpen();
    const answers = await Promise.allSettled([
      task.approve(gate),
      task.reject(gate, "No."),
      task.approve(gate),
      task.rowAction(gate, { action: "reject_row", row_id: "a" }),
    ]);
    const decided = answers.slice(0, 3).filter((answer) => answer.status === "fulfilled");
    expect(decided).toHaveLength(1);
    for (const answer of answers) {
      // Where the rejection won, the task may have ended before the others came.
      if (answer.status === "fulfilled" || answer.reason instanceof WorkflowNotFoundError) continue;
      expect(await refusal(Promise.reject(answer.reason))).toMatchObject({ type: "GATE_NOT_OPEN" });
    }
  });

  test("a rejection needs a reason and is told with it", async () => {
    const { task, gate } = await reviewOpen();
    expect(await refusal(task.reject(gate, undefined))).toMatchObject({ type: "REASON_REQUIRED" });
    expect(await refusal(task.reject(gate, "  "))).toMatchObject({ type: "REASON_REQUIRED" });
    await task.reject(gate, "Rent is missing.");
    expect(await task.result()).toEqual({ decision: "rejected", by: REVIEWER.name, reason: "Rent is missing." });
  });

  test("corrections of the approval reach the runbook, which keeps money in its canonical form", async () => {
    const { task, gate } = await reviewOpen();
    await task.approve(gate, [
      { row_id: "a", field: "amount", old_value: "1250.50", new_value: "5" },
      { row_id: "a", field: "account", new_value: "1200" },
      { row_id: "a", field: "fils", old_value: null, new_value: "0.5" },
      { row_id: "a", field: "note", new_value: null },
    ]);
    await task.approve(await task.gate(CONFIRM));
    const result = await task.result();
    expect(result).toMatchObject({ decision: "approved", posted: "1255.50", rejectedRows: [] });
    expect(result).toHaveProperty("rows.0", {
      id: "a",
      account: "1200",
      date: "2026-03-31",
      amount: "5.00",
      fils: "0.500",
      side: "debit",
    });
    expect(result).toHaveProperty("corrections.0", { rowId: "a", field: "amount", from: "1250.50", to: "5.00" });
  });

  /** Sends each correction after a sound one: all of them are refused, and nothing has changed. */
  const expectRefused = async (attempts: readonly (readonly [Correction, string])[]) => {
    const { task, gate } = await reviewOpen();
    for (const [correction, why] of attempts) {
      const sound = { row_id: "b", field: "amount", new_value: "7" };
      const refused = await refusal(task.approve(gate, [sound, correction]));
      expect(refused).toMatchObject({ type: "CORRECTION_REFUSED", message: expect.stringContaining(why) });
    }
    const state = await task.state();
    expect(state.gates[0]).toMatchObject({ token: gate.token, edits: [] });
    expect(state.gates[0]?.action.payload).toHaveProperty("rows.1.amount", "1250.50");
  };

  test("corrections of rows and fields that are not to be changed change nothing, and say why", () =>
    expectRefused([
      [{ row_id: "z", field: "amount", new_value: "1" }, '"z"'],
      [{ row_id: "a", field: "side", new_value: "credit" }, '"side" of line "a"'],
      [{ row_id: "a", field: "amount", old_value: "1.00", new_value: "2" }, '"1250.50"'],
    ]));

  testWith(host, "rowSchemas", "corrections that do not fit their row's schema change nothing, and say why", () =>
    expectRefused([
      [{ row_id: "a", field: "amount", new_value: 5 }, 'does not fit "amount"'],
      [{ row_id: "a", field: "amount", new_value: "1.234" }, "at most 2 decimals"],
    ]),
  );

  testWith(host, "approvalRules", "corrections that the author refuses change nothing, and say why", () =>
    expectRefused([[{ row_id: "a", field: "account", new_value: "9999" }, "The account 9999 is closed."]]),
  );

  test("rows are edited and rejected while the review is open", async () => {
    const { task, gate } = await reviewOpen();
    const edit = { action: "edit_cell", row_id: "a", field: "amount", value: "5.00", old_value: "1250.50" } as const;
    await task.rowAction(gate, edit);
    const edited = await task.state();
    expect(edited.gates[0]?.action.payload).toHaveProperty("rows.0.amount", "5.00");
    expect(await task.query(QUERIES.pendingAction)).toHaveProperty("payload.rows.0.amount", "5.00");
    expect(edited.gates[0]?.edits).toMatchObject([
      { row_id: "a", field: "amount", old_value: "1250.50", new_value: "5.00", by: REVIEWER.name },
    ]);
    await task.rowAction(gate, { action: "reject_row", row_id: "a" });
    expect((await task.state()).gates[0]?.rejected_rows).toEqual(["a"]);
    await task.approve(gate, [{ row_id: "b", field: "amount", new_value: "9.9" }]);
    await task.approve(await task.gate(CONFIRM));
    expect(await task.result()).toMatchObject({
      rejectedRows: ["a"],
      rows: [{ id: "b", amount: "9.90" }],
      posted: "9.90",
    });
  });

  testWith(host, "restoredRows", "a rejected row is put back while the review is open", async () => {
    const { task, gate } = await reviewOpen();
    await task.rowAction(gate, { action: "reject_row", row_id: "b" });
    await task.rowAction(gate, { action: "restore_row", row_id: "b" });
    expect((await task.state()).gates[0]?.rejected_rows).toEqual([]);
  });

  test("changes to rows that do not fit, or that the author refuses, change nothing", async () => {
    const { task, gate } = await reviewOpen();
    await task.rowAction(gate, { action: "edit_cell", row_id: "a", field: "amount", value: "5.00" });
    const before = await task.state();
    const attempts = [
      [{ action: "edit_cell", row_id: "a", field: "amount", value: "6", old_value: "1250.50" }, '"5.00"'],
      [{ action: "edit_cell", row_id: "a", field: "account", value: "9999" }, "The account 9999 is closed."],
      [{ action: "edit_cell", row_id: "a", field: "account", value: "12" }, "account"],
      [{ action: "edit_cell", row_id: "a", field: "side", value: "credit" }, '"side" of line "a"'],
      [{ action: "reject_row", row_id: "z" }, '"z"'],
    ] as const;
    for (const [action, why] of attempts)
      expect(await refusal(task.rowAction(gate, action))).toMatchObject({
        type: "CORRECTION_REFUSED",
        message: expect.stringContaining(why),
      });
    expect((await task.state()).gates).toEqual(before.gates);
  });

  test("checks are shown with their review", async () => {
    const { task } = await reviewOpen();
    const checked = await task.checked();
    expect(checked).toMatchObject({ status: "pass", items: [{ title: "Debits equal credits", status: "pass" }] });
  });

  testWith(host, "checksAgain", "checks look again after every change", async () => {
    const { task, gate } = await reviewOpen();
    await task.rowAction(gate, { action: "edit_cell", row_id: "a", field: "amount", value: "5" });
    const [edited] = (await task.state()).gates;
    expect(edited?.action.payload).toHaveProperty("rows.0.amount", "5.00");
    expect(edited?.action.checks?.items[0]).toMatchObject({ detail: "Debits exceed credits by -1245.50." });
  });

  test("an update of another shape is refused and changes nothing", async () => {
    const { task, gate } = await reviewOpen();
    for (const update of Object.values(UPDATES))
      for (const argument of [undefined, null, "approve", {}, { gate: gate.token, type: "maybe" }])
        expect(await refusal(task.update(update, argument))).toMatchObject({ type: "REQUEST_INVALID" });
    expect(await refusal(task.submit(gate, "rent-roll"))).toMatchObject({ type: "GATE_NOT_OPEN" });
    expect(await refusal(task.update(UPDATES.ingest, records({ amount: "1.00" })))).toMatchObject({
      type: "DATA_NOT_TAKEN",
    });
    expect((await task.state()).gates).toHaveLength(1);
  });

  test("a review that nobody answers in time is timed out", async () => {
    const task = await trial().start("review-lines", { reviewTimeoutMs: 1_500 });
    const opened = await task.reported((report) => report.gates.length > 0);
    expect(opened.gates[0]?.due_at).toBeDefined();
    expect(await task.result()).toEqual({ decision: "timed_out" });
    expect(await task.lastReport()).toMatchObject({ closing: "completed", gates: [] });
  });

  test("published signals answer an open review in every dialect", async () => {
    for (const answer of [{ type: "approved" }, { kind: "approve" }, { action: "approve", actedBy: "x" }]) {
      const { task } = await reviewOpen();
      await task.signal(SIGNALS.userAction, answer);
      await task.gate(CONFIRM);
    }
    const { task } = await reviewOpen();
    const payload = { ledger: "l", action: "edit_cell", row_id: "b", field: "amount", value: "3" };
    await task.signal(SIGNALS.userAction, { kind: "row_action", payload });
    const corrections = [{ line_item_id: "a", field: "amount", old_value: "1250.50", new_value: "2" }];
    await task.signal(SIGNALS.userAction, { type: "approved", corrections });
    await task.gate(CONFIRM);
    await task.signal(SIGNALS.userAction, { type: "approved" });
    expect(await task.result()).toMatchObject({ rows: [{ amount: "2.00" }, { amount: "3.00" }] });
    expect(await task.query(QUERIES.snapshots)).toHaveProperty("review.payload.rows.1.amount", "3.00");
  });

  test("a rejection by signal is one in every dialect", async () => {
    for (const answer of [
      { type: "rejected", reason: "Not now." },
      { kind: "reject", comments: "Not now." },
      { action: "reject", reason: "Not now." },
    ]) {
      const { task } = await reviewOpen();
      await task.signal(SIGNALS.userAction, answer);
      expect(await task.result()).toEqual({ decision: "rejected", by: "Signal", reason: "Not now." });
    }
  });

  test("a signal that says nothing clear, or names another gate, answers nothing", async () => {
    const { task, gate } = await reviewOpen();
    await task.approve(gate);
    const confirm = await task.gate(CONFIRM);
    const unclear = [
      undefined,
      "approve",
      {},
      { kind: "approve", type: "rejected" },
      { type: "approved", corrections: 1 },
    ];
    const astray = [
      { type: "approved", gate: gate.token },
      { type: "rejected", reason: "r", gate: "none" },
    ];
    for (const answer of [...unclear, ...astray]) await task.signal(SIGNALS.userAction, answer);
    expect((await task.state()).gates.map((open) => open.token)).toEqual([confirm.token]);
    await task.signal(SIGNALS.userAction, { type: "approved", gate: confirm.token });
    expect(await task.result()).toMatchObject({ decision: "approved" });
  });

  test("a review of thousands of rows is shown whole, and not kept", async () => {
    const task = await trial().start("trouble", { what: "large review" });
    const gate = await task.gate("Many rows");
    expect(gate.action.payload).toHaveProperty("rows.length", 5_000);
    await task.approve(gate, [{ row_id: "4999", field: "text", new_value: "last" }]);
    expect(await task.result()).toEqual({ done: "last" });
    const payload = { omitted_bytes: expect.any(Number) };
    expect(await task.query(QUERIES.snapshots)).toMatchObject({ work: { payload, decision: { type: "approved" } } });
    for (const report of task.stateReports()) expect(JSON.stringify(report).length).toBeLessThan(2_000);
  });

  test("cancelling while a review is open ends the task", async () => {
    const { task } = await reviewOpen();
    await task.handle.cancel();
    expect(await task.failure()).toMatchObject({ type: "CancelledFailure" });
    expect(await task.lastReport()).toMatchObject({
      closing: "failed",
      gates: [],
      steps: [{}, { status: "failed" }, {}, {}],
    });
  });
}
