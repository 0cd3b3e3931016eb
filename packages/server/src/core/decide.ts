import {
  type Correction,
  type CorrectionInput,
  NtroError,
  type NtroState,
  type OpenGate,
  type ReviewColumn,
  type ReviewTable,
  reviewTables,
} from "@ntro/contract";
import { fitValue } from "./fit-value";

/** Throws `REASON_REQUIRED` when this decision at this gate needs one and has none. */
export function requireReason(
  gate: OpenGate,
  decision: "approved" | "rejected",
  reason: string | null | undefined,
): void {
  if (decision === "rejected" && gate.reason_required && !reason?.trim())
    throw new NtroError("REASON_REQUIRED", `Rejecting "${gate.title}" needs a reason.`, {
      hint: 'Say why: --reason "…".',
    });
}

/**
 * Corrections as people type them, made into those that workflow code takes: each names a row that is shown and a field of it that may change, its new value
 * has the form of the old one, and what the person saw goes along. Those that change nothing are left out. Throws `CORRECTION_REFUSED` naming all
 * that are wrong.
 */
export function fitCorrections(gate: OpenGate, typed: readonly CorrectionInput[]): Correction[] {
  if (typed.length === 0) return [];
  const tables = reviewTables(gate);
  const faults: string[] = [];
  const fitted: Correction[] = [];
  for (const input of typed) {
    const outcome = fitOne(tables, input);
    if (typeof outcome === "string") faults.push(outcome);
    else if (fitted.some((other) => other.row_id === outcome.row_id && other.field === outcome.field))
      faults.push(`${input.line} ${input.field}: is given twice`);
    else fitted.push(outcome);
  }
  if (faults.length > 0) throw refusal(tables, faults);
  return fitted.filter((correction) => JSON.stringify(correction.old_value) !== JSON.stringify(correction.new_value));
}

/** The id of the row that a row action names. Throws `CORRECTION_REFUSED`. */
export function requireRow(gate: OpenGate, rowId: string): string {
  const tables = reviewTables(gate);
  const row = findRow(tables, rowId);
  if (typeof row === "string") throw refusal(tables, [row]);
  return row.row.id;
}

function fitOne(tables: readonly ReviewTable[], input: CorrectionInput): Correction | string {
  const found = findRow(tables, input.line);
  if (typeof found === "string") return found;
  const { table, row } = found;
  const column =
    table.columns.find((candidate) => candidate.key === input.field) ??
    table.columns.find((candidate) => candidate.label.toLowerCase() === input.field.toLowerCase());
  const where = `${input.line} ${input.field}`;
  if (!column) return `${where}: there is no such field`;
  if (!column.editable) return `${where}: the field may not be changed`;
  const present = row.values[column.key];
  const value = fitValue(input.value, { type: column.type, present, currency: currencyOf(column, row.values) });
  if (!value.fits) return `${where}: ${JSON.stringify(input.value)} does not fit, it takes ${value.expected}`;
  const seen = present === undefined ? {} : { old_value: present };
  return { row_id: row.id, field: column.key, ...seen, new_value: value.value };
}

function currencyOf(column: ReviewColumn, values: Readonly<Record<string, unknown>>): string | undefined {
  const own = column.currencyKey === undefined ? undefined : values[column.currencyKey];
  return typeof own === "string" ? own : column.currency;
}

type Found = { readonly table: ReviewTable; readonly row: ReviewTable["rows"][number] };

/** A row by its id, or by its line number (from 1) when no row has that id; `<table>:<line>` where there are several tables. */
function findRow(tables: readonly ReviewTable[], line: string): Found | string {
  const byId = tables.flatMap((table) =>
    table.rows.filter((row) => row.named && row.id === line).map((row) => ({ table, row })),
  );
  const [only] = byId;
  if (only) return byId.length === 1 ? only : `${line}: several rows have this id`;
  const numbered = /^(?:(.+):)?(\d{1,9})$/.exec(line);
  if (!numbered) return `${line}: there is no such row`;
  const candidates = numbered[1] === undefined ? tables : tables.filter((table) => table.key === numbered[1]);
  const [table] = candidates;
  if (candidates.length > 1) return `${line}: say of which table, such as ${table?.key ?? ""}:${numbered[2]}`;
  const row = table?.rows[Number(numbered[2]) - 1];
  return table && row ? { table, row } : `${line}: there is no such line`;
}

function refusal(tables: readonly ReviewTable[], faults: readonly string[]): NtroError {
  const about = tables.map((table) => {
    const editable = table.columns.filter((column) => column.editable).map((column) => column.key);
    const lines = table.rows.length === 1 ? "line 1" : `lines 1 to ${table.rows.length}`;
    const ids = table.rows.filter((row) => row.named).map((row) => row.id);
    const shown = ids.length > 0 ? ` (ids ${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""})` : "";
    return `${tables.length > 1 ? `${table.key}: ` : ""}${lines}${shown}; ${editable.length > 0 ? `editable: ${editable.join(", ")}` : "nothing may be changed"}`;
  });
  return new NtroError(
    "CORRECTION_REFUSED",
    `${faults.length === 1 ? "A correction was" : `${faults.length} corrections were`} refused, and nothing was decided. ${faults.join(". ")}.`,
    {
      hint: about.length > 0 ? `The review has ${about.join(" | ")}.` : "This review shows no table to correct.",
      details: faults,
    },
  );
}

/** What a person saw when they answered: the gate with its payload and edits, and the feedback beside it. Its digest goes into the audit log. */
export function shownAt(gate: OpenGate, state: NtroState | undefined): Record<string, unknown> {
  return {
    gate: gate.token,
    title: gate.title,
    action: gate.action,
    ...(gate.edits === undefined ? {} : { edits: gate.edits }),
    ...(gate.rejected_rows === undefined ? {} : { rejected_rows: gate.rejected_rows }),
    feedback: state?.feedback ?? null,
  };
}
