import type {
  CheckItem,
  Checks,
  Correction,
  DecideUpdate,
  PendingAction,
  RowActionUpdate,
} from "@ntro/contract/protocol";
import * as z from "zod";
import type { ApprovedRows, CellCorrection, Check, Rejected, ReviewOptions, RowSchema } from "../gates";
import { columnsOf } from "./columns";
import type { GateBehaviour, Settled } from "./gate";
import { refuse } from "./refusal";

type Row = Record<string, unknown> & { id: string };
type Outcome = ApprovedRows<Row> | Rejected;
type Edit = Correction & { by: string; at: string };

/** The review of a table: rows with the edits made so far; approval applies the last corrections. */
export class Review implements GateBehaviour<Outcome> {
  readonly kind = "interactive_review";
  readonly title: string;
  readonly reasonRequired = true;
  #rows: readonly Row[];
  readonly #edits: Edit[] = [];
  readonly #rejected = new Set<string>();
  readonly #editable: readonly string[];
  readonly #config: Record<string, unknown>;

  constructor(private readonly options: ReviewOptions<RowSchema, unknown>) {
    this.title = options.title;
    this.#rows = checkedRows(options.row, options.rows);
    this.#editable = options.editable ?? [];
    this.#config = tableConfig(options, this.#editable);
  }

  view() {
    const action: PendingAction = {
      kind: this.kind,
      reason: this.title,
      display_hint: { component: "DATA_TABLE", config: this.#config },
      payload: { rows: this.#rows, ...(this.options.document ? { document: this.options.document } : {}) },
      tools: ["ntro_task_approve", "ntro_task_reject"],
      ...(this.options.checks?.length ? { checks: runChecks(this.options.checks, this.#kept(this.#rows)) } : {}),
    };
    return { action, edits: [...this.#edits], rejected_rows: [...this.#rejected] };
  }

  decide(answer: DecideUpdate): () => Settled<Outcome> {
    const { type, reason, actedBy, at } = answer;
    if (type === "rejected") {
      if (!reason) refuse("REASON_REQUIRED", "A rejection needs a reason.");
      const outcome: Rejected = { decision: "rejected", reason, rejectedBy: actedBy, at };
      return () => ({ outcome, decision: answer });
    }
    const { rows, edits } = this.#corrected(answer.corrections, actedBy.name, at);
    return () => {
      this.#rows = rows;
      this.#edits.push(...edits);
      const corrections = this.#edits.map(asCellCorrection);
      const rejectedRows = rows.filter((row) => this.#rejected.has(row.id));
      const outcome: ApprovedRows<Row> = {
        decision: "approved",
        approvedBy: actedBy,
        reason,
        at,
        rows: this.#kept(rows),
        rejectedRows,
        corrections,
      };
      return { outcome, decision: { ...answer, corrections: this.#edits, rejected_rows: [...this.#rejected] } };
    };
  }

  rowAction(answer: RowActionUpdate): () => undefined {
    const { action, row_id, field, value, old_value, actedBy, at } = answer;
    const refusal = this.options.onChange?.(
      { action, rowId: row_id, ...(field === undefined ? {} : { field, value }), by: actedBy },
      this.#rows as never,
    );
    if (refusal !== undefined) refuse("CORRECTION_REFUSED", refusal);
    if (action !== "edit_cell") return this.#rejection(action, row_id);
    if (field === undefined) refuse("REQUEST_INVALID", "An edit names a field.");
    const { rows, edits } = this.#corrected(
      [{ row_id, field, new_value: value, ...(old_value === undefined ? {} : { old_value }) }],
      actedBy.name,
      at,
    );
    return () => {
      this.#rows = rows;
      this.#edits.push(...edits);
      return undefined;
    };
  }

  #rejection(action: "reject_row" | "restore_row", rowId: string): () => undefined {
    if (!this.options.rejectRows)
      refuse("CORRECTION_REFUSED", "Single rows cannot be rejected in this review; correct them, or reject the whole.");
    if (!this.#rows.some((row) => row.id === rowId)) refuse("CORRECTION_REFUSED", `There is no line "${rowId}".`);
    return () => {
      if (action === "reject_row") this.#rejected.add(rowId);
      else this.#rejected.delete(rowId);
      return undefined;
    };
  }

  #kept(rows: readonly Row[]): Row[] {
    return rows.filter((row) => !this.#rejected.has(row.id));
  }

  /** The rows with corrections applied, or a refusal that names line and field; nothing is changed here. */
  #corrected(corrections: readonly Correction[], by: string, at: string): { rows: Row[]; edits: Edit[] } {
    const rows = [...this.#rows];
    const edits: Edit[] = [];
    for (const { row_id, field, old_value, new_value } of corrections) {
      const index = rows.findIndex((row) => row.id === row_id);
      const row = rows[index];
      if (!row) refuse("CORRECTION_REFUSED", `There is no line "${row_id}".`);
      if (!this.#editable.includes(field))
        refuse(
          "CORRECTION_REFUSED",
          `"${field}" of line "${row_id}" may not be changed; these may: ${this.#editable.join(", ") || "none"}.`,
        );
      if (old_value !== undefined && !same(old_value, row[field]))
        refuse(
          "CORRECTION_REFUSED",
          `"${field}" of line "${row_id}" is ${text(row[field])} by now, not ${text(old_value)}: look again.`,
        );
      const parsed = this.options.row.safeParse({ ...row, [field]: new_value });
      if (!parsed.success)
        refuse(
          "CORRECTION_REFUSED",
          `${text(new_value)} does not fit "${field}" of line "${row_id}": ${parsed.error.issues.map((issue) => issue.message).join("; ")}.`,
        );
      const corrected = parsed.data as Row;
      rows[index] = corrected;
      edits.push({ row_id, field, old_value: row[field], new_value: corrected[field], by, at });
    }
    return { rows, edits };
  }
}

function checkedRows(schema: RowSchema, rows: readonly unknown[]): Row[] {
  const parsed = z.array(schema).safeParse(rows);
  if (!parsed.success)
    throw new Error(`The rows of a review do not fit its row schema: ${z.prettifyError(parsed.error)}`);
  const ids = new Set(parsed.data.map((row) => row.id));
  if (ids.size !== rows.length) throw new Error("The rows of a review need ids that differ.");
  return parsed.data as Row[];
}

function tableConfig(options: ReviewOptions<RowSchema, unknown>, editable: readonly string[]): Record<string, unknown> {
  const approve = options.labels?.approve ?? "Approve";
  const reject = options.labels?.reject ?? "Reject";
  return {
    title: options.title,
    ...(options.instructions === undefined ? {} : { subtitle: options.instructions }),
    ...(options.summary === undefined ? {} : { summary: options.summary }),
    datasets: [{ key: "rows", label: options.title, data_key: "rows", columns: columnsOf(options.row, editable) }],
    actions: [
      { kind: "reject", label: reject },
      { kind: "approve", label: approve, primary: true },
    ],
    approve_label: approve,
    reject_label: reject,
    allow_corrections: editable.length > 0,
    ...(options.rejectRows ? { row_actions: ["reject_row"] } : {}),
  };
}

function runChecks(checks: readonly Check<never>[], rows: readonly Row[]): Checks {
  const items = checks.map(
    (check): CheckItem => ({ id: check.id, title: check.title, source: "code", ...outcomeOf(check, rows) }),
  );
  const worst = items.some((item) => item.status === "fail")
    ? "fail"
    : items.some((item) => item.status === "warn")
      ? "warn"
      : "pass";
  const passed = items.filter((item) => item.status === "pass").length;
  return { status: worst, summary: `${passed} of ${items.length} checks passed`, items };
}

/** A check that throws is shown as failed: it must not stop people from deciding. */
function outcomeOf(check: Check<never>, rows: readonly Row[]): Pick<CheckItem, "status" | "detail"> {
  try {
    const { status, detail } = check.run(rows as readonly never[]);
    return { status, detail: detail ?? null };
  } catch (error) {
    return {
      status: "fail",
      detail: `The check itself failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

const asCellCorrection = (edit: Edit): CellCorrection => ({
  rowId: edit.row_id,
  field: edit.field,
  from: edit.old_value,
  to: edit.new_value,
});
const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";
const same = (a: unknown, b: unknown): boolean => text(a) === text(b);
