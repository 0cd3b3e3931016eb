import type { ColumnType } from "kysely";

export type Json = Record<string, unknown>;
/** Set by the database, read as a Date, never updated by us. */
export type CreatedAt = ColumnType<Date, Date | undefined, never>;
export type UpdatedAt = ColumnType<Date, Date | undefined, Date>;
export type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;
export type JsonNullable<T> = ColumnType<T | null, string | null | undefined, string | null>;
export type JsonList<T> = ColumnType<T[], string | undefined, string>;
