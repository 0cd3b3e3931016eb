import * as z from "zod";
import type { RowSchema } from "../gates";

/** A column of a DATA_TABLE, as tables and editors read it. */
export interface Column {
  key: string;
  label: string;
  type: "text" | "number" | "currency" | "date" | "boolean";
  editable: boolean;
  currency?: string;
  options?: unknown[];
}

interface PropertySchema {
  type?: string;
  format?: string;
  currency?: string;
  enum?: unknown[];
  title?: string;
  anyOf?: PropertySchema[];
}

/** Columns from the row's schema, in the order of its keys: one source for table, editor and validation. */
export function columnsOf(row: RowSchema, editable: readonly string[]): Column[] {
  const schema = z.toJSONSchema(row, { unrepresentable: "any" });
  const properties = (schema.properties ?? {}) as Record<string, PropertySchema>;
  return Object.entries(properties).map(([key, property]) => {
    const held = ofValue(property);
    return {
      key,
      label: property.title ?? held.title ?? titleCase(key),
      type: columnType(held),
      editable: editable.includes(key),
      ...(held.currency === undefined ? {} : { currency: held.currency }),
      ...(held.enum === undefined ? {} : { options: held.enum }),
    };
  });
}

/** A cell that may be empty (`nullable()`) is a column of what it holds otherwise. */
function ofValue(property: PropertySchema): PropertySchema {
  const values = property.anyOf?.filter(({ type }) => type !== "null") ?? [];
  return values.length === 1 ? (values[0] ?? property) : property;
}

function columnType({ type, format }: PropertySchema): Column["type"] {
  if (format === "money") return "currency";
  if (format === "date") return "date";
  if (type === "number" || type === "integer") return "number";
  return type === "boolean" ? "boolean" : "text";
}

/** `postingDate` and `posting_date` read "Posting date". */
function titleCase(key: string): string {
  const words = key
    .replace(/_/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
