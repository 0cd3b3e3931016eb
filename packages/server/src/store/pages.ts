import { NtroError } from "@ntro/contract";
import { type SelectQueryBuilder, type SqlBool, sql } from "kysely";
import * as z from "zod";

/** A list's page: `next` is the cursor of the page after it, null on the last. */
export class Page<T extends readonly unknown[]> {
  constructor(
    readonly items: T,
    readonly next: string | null,
  ) {}
}

const Position = z.tuple([z.iso.datetime(), z.uuid()]);

/** What a list's query says of its page. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** The columns that order a list; `created_at` has milliseconds, as dates in JavaScript do. */
interface Ordered {
  readonly id: string;
  readonly created_at: Date;
}

/** A cursor that names a position; opaque to clients. */
export function makeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/**
 * What a cursor made by {@link makeCursor} names.
 * @throws NtroError `REQUEST_INVALID` when it was not made by this list
 */
export function readCursor<T>(cursor: string, position: z.ZodType<T>): T {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw new NtroError("REQUEST_INVALID", "The cursor was not made by this list.", {
      hint: "Follow the Link header's rel=next as it is.",
      details: [{ field: "cursor", message: "unknown cursor" }],
      cause,
    });
  }
}

/**
 * One page of rows ordered by creation.
 * @param query selects `id` and `created_at` of `table`, unordered
 * @param order `desc`: newest first
 */
export async function readPage<DB, TB extends keyof DB, Row extends Ordered, Item>(
  query: SelectQueryBuilder<DB, TB, Row>,
  table: string,
  order: "asc" | "desc",
  page: PageRequest,
  toItem: (row: Row) => Item,
): Promise<Page<Item[]>> {
  const columns = sql`(${sql.ref(`${table}.created_at`)}, ${sql.ref(`${table}.id`)})`;
  const direction = sql.raw(order);
  const after = page.cursor === undefined ? undefined : readCursor(page.cursor, Position);
  const from = after
    ? query.where(
        sql<SqlBool>`${columns} ${sql.raw(order === "asc" ? ">" : "<")} (${new Date(after[0])}, ${after[1]}::uuid)`,
      )
    : query;
  const rows = await from
    .orderBy(sql`${sql.ref(`${table}.created_at`)} ${direction}, ${sql.ref(`${table}.id`)} ${direction}`)
    .limit(page.limit + 1)
    .execute();
  const last = rows[page.limit - 1];
  const next = rows.length > page.limit && last ? makeCursor([last.created_at.toISOString(), last.id]) : null;
  return new Page(rows.slice(0, page.limit).map(toItem), next);
}
