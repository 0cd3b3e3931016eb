import type { NextStep, OpenGate } from "@ntro/contract";
import { createColors } from "picocolors";
import { describe, expect, it } from "vitest";
import { width } from "../output";
import { formatNextStep } from "./next-step";
import { chooseReview } from "./open-review";

const TASK = "3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d";
const plain = createColors(false);

const gate: OpenGate = {
  token: "gate-1",
  kind: "interactive_review",
  step_id: "review",
  opened_at: "2026-04-05T08:00:00.000Z",
  title: "Journal proposal",
  reason_required: false,
  edits: [
    {
      row_id: "j2",
      field: "credit",
      old_value: "10.00",
      new_value: "12.50",
      by: "Ana",
      at: "2026-04-05T08:01:00.000Z",
    },
  ],
  rejected_rows: ["j3"],
  action: {
    kind: "interactive_review",
    display_hint: {
      component: "DATA_TABLE",
      config: {
        datasets: [
          {
            key: "journals",
            label: "Journals",
            data_key: "journals",
            columns: [
              { key: "account", label: "Account", type: "text", editable: true },
              { key: "memo", label: "Memo", type: "text" },
              { key: "debit", label: "Debit", type: "currency", editable: true },
              { key: "credit", label: "Credit", type: "currency", editable: true },
            ],
          },
        ],
      },
    },
    payload: {
      journals: [
        {
          id: "j1",
          account: "4000",
          memo: "Rent received for March 2026, all units of the first building and a long explanation that goes on",
          debit: "1200.00",
          credit: null,
        },
        { id: "j2", account: "1100", memo: "Bank", debit: null, credit: "10.00" },
        { id: "j3", account: "9999", memo: "Not ours\u001b[2J", debit: "5.00", credit: null },
      ],
    },
    checks: {
      status: "warn",
      summary: "1 of 2 passed",
      items: [
        { id: "balanced", title: "Journals balance", status: "warn", detail: "differs by 1,187.50" },
        { id: "period", title: "Period is open", status: "pass" },
      ],
    },
    feedback: { kind: "note", level: "warning", payload: { message: "Unit 4 has no rent." } },
  },
};
const waiting: Extract<NextStep, { action: "review" }> = {
  action: "review",
  task_id: TASK,
  root_task_id: TASK,
  step_id: "review",
  reason: "Journal proposal",
  display_hint: null,
  gate: "gate-1",
  tools: [],
  payload: null,
  gates: [gate],
};

describe("what a task waits for", () => {
  it("is readable in 120 columns: lines, editable columns, edits, checks, feedback, commands", () => {
    const text = formatNextStep(waiting, TASK, plain, 120);
    expect(text.split("\n").every((line) => width(line) <= 120)).toBe(true);
    expect(text).toMatch(/LINE {2}account\* {2}memo +debit\* {2}credit\*/);
    expect(text).toMatch(/ {3}1 {2}4000 +Rent received .*… +1200\.00/);
    expect(text).toMatch(/ {3}2 {2}1100 +Bank +12\.50/);
    expect(text).toMatch(/✗ 3 {2}9999/);
    expect(text).toContain("* may be corrected: --correct <line>=<field>=<value>");
    expect(text).toContain("j2 credit: 10.00 → 12.50, by Ana");
    expect(text).toContain("! Journals balance: differs by 1,187.50");
    expect(text).toContain("warning: Unit 4 has no rent.");
    expect(text).toContain(`ntro run approve ${TASK}\n`);
    expect(text).not.toContain("\u001b");
  });

  it("lists every open gate, and names tokens where that is needed", () => {
    const text = formatNextStep(
      { ...waiting, gates: [gate, { ...gate, token: "gate-2", title: "Second" }] },
      TASK,
      plain,
      120,
    );
    expect(text).toContain(`ntro run approve ${TASK} --gate gate-1`);
    expect(text).toContain(`ntro run approve ${TASK} --gate gate-2`);
  });

  it("shows which files are still to come", () => {
    const slot = { accept: ["xlsx", "csv"], max_size_mb: 25 };
    const files: OpenGate = {
      ...gate,
      kind: "submit_files",
      title: "Sources",
      action: { kind: "submit_files" },
      slots: [
        { ...slot, source: "trial-balance", status: "pending" },
        { ...slot, source: "rent-roll", accept: ["pdf"], status: "pending" },
        { ...slot, source: "bank", status: "completed" },
      ],
    };
    const text = formatNextStep(
      { ...waiting, action: "submit_file", tool: "", args: {}, gates: [files] },
      TASK,
      plain,
      120,
    );
    expect(text).toContain("trial-balance: to come: .xlsx, .csv, at most 25 MB");
    expect(text).toContain("bank: submitted");
    expect(text).toContain(`ntro run submit ${TASK} --file trial-balance=<path> --file rent-roll=<path>`);
  });
});

describe("which review is decided", () => {
  it("is the only one, or the one that is named", () => {
    expect(chooseReview(waiting, TASK, undefined).token).toBe("gate-1");
    const two = { ...waiting, gates: [gate, { ...gate, token: "gate-2" }] };
    expect(chooseReview(two, TASK, "gate-2").token).toBe("gate-2");
    expect(() => chooseReview(two, TASK, undefined)).toThrow("waits for 2 decisions");
  });

  it("is none when nothing, or something else, is waited for", () => {
    expect(() => chooseReview(waiting, TASK, "gate-0")).toThrow("does not wait for the decision of gate gate-0");
    const leaf = { task_id: TASK, root_task_id: TASK, step_id: null, reason: null, display_hint: null };
    expect(() => chooseReview({ action: "wait", ...leaf, retry_after_s: 1 }, TASK, undefined)).toThrow(
      "does not wait for a decision",
    );
    expect(() => chooseReview({ action: "done", ...leaf, result: null }, TASK, undefined)).toThrow("has ended");
  });
});
