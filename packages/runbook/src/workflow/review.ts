import type { Checks, Correction, DecideUpdate, PendingAction, RowActionUpdate } from "@ntro/contract/protocol";
import * as z from "zod";
import type { ApprovedRows, CellCorrection, Person, Rejected, ReviewOptions, RowChange, RowSchema } from "../gates";
import { DECISION_TOOLS, decisionButtons, rejection } from "./approval";
import { runChecks } from "./checks";
import { columnsOf } from "./columns";
import type { GateBehaviour, Settled } from "./gate";
import { refuse } from "./refusal";

type Row = Record<string, unknown> & { id: string };
type Outcome = ApprovedRows<Row> | Rejected;
type Edit = Correction & { by: string; at: string };
/** A review's options with the row's type forgotten. */
type Options = ReviewOptions<RowSchema, unknown>;

/** The review of a table: rows with the edits made so far; approval applies the last corrections. */
export class Review implements GateBehaviour<Outcome> {
  readonly kind = "interactive_review";
  readonly component = "DATA_TABLE";
  readonly title: string;
  readonly reasonRequired = true;
  readonly kept = true;
  readonly #editable: readonly string[];
  readonly #config: Record<string, unknown>;
  readonly #places: ReadonlyMap<string, number>;
  readonly #edits: Edit[] = [];
  readonly #rejected = new Set<string>();
  #rows: readonly Row[];
  #checks: Checks | undefined;

  /** Throws an `Error` for rows that do not fit their schema or share an id. */
  constructor(private readonly options: Options) {
    this.title = options.title;
    this.#rows = checkedRows(options.row, options.rows);
    this.#places = new Map(this.#rows.map((row, place) => [row.id, place]));
    if (this.#places.size < this.#rows.length) throw new Error(`The rows of "${this.title}" need ids that differ.`);
    this.#editable = options.editable ?? [];
    this.#config = tableConfig(options, this.#editable);
    this.#check();
  }

  view() {
    const { document } = this.options;
    const action: PendingAction = {
      kind: this.kind,
      reason: this.title,
      display_hint: { component: this.component, config: this.#config },
      payload: { rows: this.#rows, ...(document === undefined ? {} : { document }) },
      tools: DECISION_TOOLS,
      ...(this.#checks === undefined ? {} : { checks: this.#checks }),
    };
    return { action, edits: [...this.#edits], rejected_rows: [...this.#rejected] };
  }

  decide(answer: DecideUpdate): () => Settled<Outcome> {
    if (answer.type === "rejected") return rejection(answer);
    const { reason, actedBy, at } = answer;
    const apply = this.#corrected(answer.corrections, actedBy, at);
    return () => {
      apply();
      const outcome: ApprovedRows<Row> = {
        decision: "approved",
        approvedBy: actedBy,
        reason,
        at,
        rows: this.#remaining(),
        rejectedRows: this.#rows.filter((row) => this.#rejected.has(row.id)),
        corrections: this.#edits.map(asCellCorrection),
      };
      return { outcome, decision: { ...answer, corrections: this.#edits, rejected_rows: [...this.#rejected] } };
    };
  }

  rowAction({ action, row_id, field, value, old_value, actedBy, at }: RowActionUpdate): () => undefined {
    const apply =
      action === "edit_cell"
        ? this.#corrected(
            [
              {
                row_id,
                field: field ?? refuse("REQUEST_INVALID", "An edit names a field."),
                new_value: value,
                ...(old_value === undefined ? {} : { old_value }),
              },
            ],
            actedBy,
            at,
          )
        : this.#rejection(action, row_id, actedBy);
    return () => {
      apply();
      this.#check();
      return undefined;
    };
  }

  #rejection(action: "reject_row" | "restore_row", rowId: string, by: Person): () => void {
    if (!this.options.rejectRows)
      refuse("CORRECTION_REFUSED", "Single rows cannot be rejected in this review; correct them, or reject the whole.");
    if (!this.#places.has(rowId)) refuse("CORRECTION_REFUSED", `There is no line "${rowId}".`);
    this.#ask({ action, rowId, by }, this.#rows);
    return () => {
      if (action === "reject_row") this.#rejected.add(rowId);
      else this.#rejected.delete(rowId);
    };
  }

  /** What applies corrections, or a refusal that names line and field; nothing is changed here. */
  #corrected(corrections: readonly Correction[], by: Person, at: string): () => void {
    const rows = [...this.#rows];
    const edits: Edit[] = [];
    for (const correction of corrections) {
      const { row_id, field } = correction;
      const place = this.#places.get(row_id) ?? refuse("CORRECTION_REFUSED", `There is no line "${row_id}".`);
      const row = rows[place] as Row;
      const corrected = this.#correctedRow(row, correction);
      this.#ask({ action: "edit_cell", rowId: row_id, field, value: corrected[field], by }, rows);
      rows[place] = corrected;
      edits.push({ row_id, field, old_value: row[field], new_value: corrected[field], by: by.name, at });
    }
    return () => {
      this.#rows = rows;
      this.#edits.push(...edits);
    };
  }

  #correctedRow(row: Row, { row_id, field, old_value, new_value }: Correction): Row {
    const cell = `"${field}" of line "${row_id}"`;
    if (!this.#editable.includes(field))
      refuse("CORRECTION_REFUSED", `${cell} may not be changed; these may: ${this.#editable.join(", ") || "none"}.`);
    if (old_value !== undefined && text(old_value) !== text(row[field] ?? null))
      refuse(
        "CORRECTION_REFUSED",
        `${cell} is ${text(row[field])} by now, not ${text(old_value)}: look at the line again.`,
      );
    const parsed = this.options.row.safeParse({ ...row, [field]: new_value });
    if (parsed.success) return parsed.data as Row;
    const emptied = new_value === null ? this.options.row.safeParse({ ...row, [field]: undefined }) : parsed;
    if (emptied.success) return emptied.data as Row;
    const why = parsed.error.issues.map((issue) => issue.message).join("; ");
    return refuse("CORRECTION_REFUSED", `${text(new_value)} does not fit ${cell}: ${why}.`);
  }

  /** The author may refuse a change; code of theirs that throws refuses it too, for it cannot be known to be right. */
  #ask(change: RowChange, rows: readonly Row[]): void {
    let refusal: string | undefined;
    try {
      refusal = this.options.onChange?.(change, rows as never);
    } catch (error) {
      refusal = `The change could not be checked: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (refusal !== undefined) refuse("CORRECTION_REFUSED", refusal);
  }

  #check(): void {
    const { checks = [] } = this.options;
    this.#checks = checks.length > 0 ? runChecks(checks, this.#remaining()) : undefined;
  }

  #remaining(): Row[] {
    return this.#rows.filter((row) => !this.#rejected.has(row.id));
  }
}

function checkedRows(schema: RowSchema, rows: readonly unknown[]): Row[] {
  const parsed = z.array(schema).safeParse(rows);
  if (!parsed.success)
    throw new Error(`The rows of a review do not fit its row schema: ${z.prettifyError(parsed.error)}`);
  return parsed.data as Row[];
}

function tableConfig(options: Options, editable: readonly string[]): Record<string, unknown> {
  return {
    title: options.title,
    ...(options.instructions === undefined ? {} : { subtitle: options.instructions }),
    ...(options.summary === undefined ? {} : { summary: options.summary }),
    datasets: [{ key: "rows", label: options.title, data_key: "rows", columns: columnsOf(options.row, editable) }],
    ...decisionButtons(options.labels),
    allow_corrections: editable.length > 0,
    ...(options.rejectRows ? { row_actions: ["reject_row"] } : {}),
  };
}

const asCellCorrection = (edit: Edit): CellCorrection => ({
  rowId: edit.row_id,
  field: edit.field,
  from: edit.old_value,
  to: edit.new_value,
});
const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";
