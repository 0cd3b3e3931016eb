import { type OpenGate, type ReviewColumn, type ReviewTable, reviewTables } from "@ntro/contract";
import { cut, type Output, pad, printable, width } from "../output";

type Colour = Output["colour"];

/** Rows that are shown; whoever needs more takes the JSON. */
const SHOWN_ROWS = 500;
/** No column is made narrower than this. */
const NARROWEST = 6;

/** The tables of a review, at most `columns` wide: line numbers, columns that may be corrected marked, edits and rejected rows so far. */
export function formatReview(gate: OpenGate, colour: Colour, columns: number): string {
  const tables = reviewTables(gate);
  if (tables.length === 0) return formatShown(gate);
  const parts = tables.map((table) => {
    const title = tables.length > 1 ? `${colour.bold(printable(table.key))}\n` : "";
    return title + formatTable(table, gate, colour, columns, tables.length > 1);
  });
  const editable = tables.some((table) => table.columns.some((column) => column.editable));
  if (editable) {
    const line = tables.length > 1 ? `${tables[0]?.key}:<line>` : "<line>";
    parts.push(`* may be corrected: --correct ${line}=<field>=<value>`);
  }
  const edits = (gate.edits ?? []).map(
    (edit) =>
      `  ${edit.row_id} ${edit.field}: ${shown(edit.old_value)} → ${shown(edit.new_value)}, by ${printable(edit.by)}`,
  );
  if (edits.length > 0) parts.push(["edited so far:", ...edits].join("\n"));
  return parts.join("\n\n");
}

function formatShown(gate: OpenGate): string {
  const { payload } = gate.action;
  if (payload === undefined || payload === null) return "";
  return printable(typeof payload === "string" ? payload : JSON.stringify(payload, null, 2));
}

function formatTable(table: ReviewTable, gate: OpenGate, colour: Colour, columns: number, named: boolean): string {
  const rejected = new Set(gate.rejected_rows ?? []);
  const rows = table.rows.slice(0, SHOWN_ROWS);
  const lines = rows.map((row, index) => ({
    cells: [
      `${rejected.has(row.id) ? "✗ " : ""}${named ? `${table.key}:` : ""}${index + 1}`,
      ...table.columns.map(({ key }) => shown(row.values[key])),
    ],
    rejected: rejected.has(row.id),
  }));
  const heads = ["LINE", ...table.columns.map((column) => `${column.key}${column.editable ? "*" : ""}`)];
  const widths = fit(
    heads.map((head, index) => Math.max(width(head), ...lines.map(({ cells }) => width(cells[index] ?? "")))),
    table.columns,
    columns,
  );
  const layOut = (cells: readonly string[]) =>
    cells
      .map((cell, index) => pad(cut(cell, widths[index] ?? 0), widths[index] ?? 0, alignment(table.columns[index - 1])))
      .join("  ")
      .trimEnd();
  const text = [
    colour.dim(layOut(heads)),
    ...lines.map(({ cells, rejected: out }) => (out ? colour.strikethrough(layOut(cells)) : layOut(cells))),
  ];
  const more = table.rows.length - rows.length;
  if (more > 0) text.push(`… ${more} more lines; -o json has all`);
  return text.join("\n");
}

function alignment(column: ReviewColumn | undefined): "right" | undefined {
  return column === undefined || column.type === "number" || column.type === "currency" ? "right" : undefined;
}

/** Widths that fit: the widest text columns give way first, numbers only when nothing else is left. */
function fit(wanted: readonly number[], columns: readonly ReviewColumn[], total: number): number[] {
  const widths = [...wanted];
  const room = total - 2 * (widths.length - 1);
  const isText = (index: number) => index > 0 && alignment(columns[index - 1]) === undefined;
  const shrinkable = (onlyText: boolean) =>
    widths
      .map((value, index) => ({ value, index }))
      .filter(({ value, index }) => index > 0 && value > NARROWEST && (!onlyText || isText(index)))
      .sort((a, b) => b.value - a.value)[0];
  let used = widths.reduce((sum, value) => sum + value, 0);
  while (used > room) {
    const widest = shrinkable(true) ?? shrinkable(false);
    if (!widest) break;
    widths[widest.index] = widest.value - 1;
    used -= 1;
  }
  return widths;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return printable(typeof value === "object" ? JSON.stringify(value) : String(value)).replace(/\s*\n\s*/g, " ");
}
