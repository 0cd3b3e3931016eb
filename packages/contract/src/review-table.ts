import * as z from "zod";
import type { OpenGate } from "./protocol";

type Row = Record<string, unknown>;

/** A column of a review's table; `type` is one of text, number, currency, date, boolean, dr_cr. */
export interface ReviewColumn {
  readonly key: string;
  readonly label: string;
  readonly type: string;
  readonly editable: boolean;
  /** ISO 4217, where every row has the same. */
  readonly currency: string | undefined;
  /** The field of the row that holds its currency. */
  readonly currencyKey: string | undefined;
}

/** One table of a review: its rows as the person sees them now, edits made so far included. */
export interface ReviewTable {
  readonly key: string;
  readonly columns: readonly ReviewColumn[];
  readonly rows: readonly {
    readonly id: string /** False when the id is only the row's place. */;
    readonly named: boolean;
    readonly values: Row;
  }[];
}

const RawColumn = z.object({
  key: z.string(),
  label: z.string().optional(),
  type: z.string().optional(),
  editable: z.boolean().optional(),
  currency: z.string().optional(),
  currencyKey: z.string().optional(),
});
const RawDataset = z.object({
  key: z.string(),
  data_key: z.string().optional(),
  columns: z.array(RawColumn).default([]),
});
const Config = z.object({
  datasets: z.array(RawDataset).optional(),
  columns: z.array(RawColumn).optional(),
  data_key: z.string().optional(),
  allow_corrections: z.boolean().optional(),
});
const Rows = z.array(z.record(z.string(), z.unknown()));

/** The fields that published bundles name rows by. */
const ROW_NAMES = ["id", "line_item_id", "expense_id", "row_id"];

/** The tables of an open review, as its display hint and payload describe them; none when it shows no rows. */
export function reviewTables(gate: OpenGate): ReviewTable[] {
  const config = Config.safeParse(gate.action.display_hint?.config ?? {}).data ?? {};
  const payload = gate.action.payload;
  return datasets(config, payload).flatMap(({ key, rows: raw, columns }) => {
    const rows = raw.map((values, index) => {
      const name = ROW_NAMES.map((field) => values[field]).find(
        (value) => typeof value === "string" || typeof value === "number",
      );
      const id = name === undefined ? String(index) : String(name);
      return { id, named: name !== undefined, values: withEdits(gate, id, values) };
    });
    return rows.length > 0
      ? [{ key, rows, columns: describeColumns(columns, raw, config.allow_corrections === true) }]
      : [];
  });
}

type RawColumns = z.infer<typeof RawColumn>[];

function datasets(
  config: z.infer<typeof Config>,
  payload: unknown,
): { key: string; rows: Row[]; columns: RawColumns }[] {
  const declared =
    config.datasets ??
    (config.columns || config.data_key
      ? [{ key: config.data_key ?? "rows", data_key: config.data_key, columns: config.columns ?? [] }]
      : undefined);
  if (declared)
    return declared.map(({ key, data_key, columns }) => ({ key, columns, rows: rowsAt(payload, data_key ?? key) }));
  if (typeof payload !== "object" || payload === null) return [];
  const found = Array.isArray(payload) ? { rows: payload } : payload;
  return Object.entries(found).flatMap(([key, value]) => {
    const rows = Rows.safeParse(value);
    return rows.success ? [{ key, columns: [], rows: rows.data }] : [];
  });
}

function rowsAt(payload: unknown, path: string): Row[] {
  if (Array.isArray(payload)) return Rows.safeParse(payload).data ?? [];
  const value = path
    .split(".")
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null && Object.hasOwn(inner, key) ? Reflect.get(inner, key) : undefined,
      payload,
    );
  return Rows.safeParse(value).data ?? [];
}

function withEdits(gate: OpenGate, rowId: string, values: Row): Row {
  const edits = (gate.edits ?? []).filter((edit) => edit.row_id === rowId);
  return { ...values, ...Object.fromEntries(edits.map((edit) => [edit.field, edit.new_value])) };
}

/** Columns that no hint describes are those of the first row. Where no column says whether it may be edited, `allow_corrections` decides for all. */
function describeColumns(columns: RawColumns, rows: readonly Row[], allowCorrections: boolean): ReviewColumn[] {
  const described: RawColumns = columns.length > 0 ? columns : Object.keys(rows[0] ?? {}).map((key) => ({ key }));
  const silent = described.every((column) => column.editable === undefined);
  return described.map((column) => ({
    key: column.key,
    label: column.label ?? column.key,
    type: column.type ?? typeByName(column.key),
    editable: silent ? allowCorrections && !ROW_NAMES.includes(column.key) : column.editable === true,
    currency: column.currency,
    currencyKey: column.currencyKey,
  }));
}

/** The published rule for columns without a type. */
function typeByName(key: string): string {
  if (key === "is_debit") return "dr_cr";
  if (/^(?:is|has)_/.test(key)) return "boolean";
  if (/rent|amount|balance|total|revenue|price|cost/.test(key)) return "currency";
  return /date|_at$/.test(key) ? "date" : "text";
}
