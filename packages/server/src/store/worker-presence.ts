import { sql } from "kysely";
import type { Db } from "./database";

const KEY = "worker-seen";
/** Milliseconds between two notes that a worker is there; it counts as gone after three of them. */
export const PRESENCE_INTERVAL = 15_000;

/** Notes that a worker is there now. */
export async function noteWorker(db: Db): Promise<void> {
  const value = sql<string>`jsonb_build_object('at', extract(epoch from clock_timestamp()))`;
  await db
    .insertInto("platform")
    .values({ key: KEY, value })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
    .execute();
}

/** Whether a worker was there a moment ago. */
export async function isWorkerSeen(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom("platform")
    .select(
      sql<boolean>`(value->>'at')::float8 > extract(epoch from clock_timestamp()) - ${(3 * PRESENCE_INTERVAL) / 1000}::float8`.as(
        "seen",
      ),
    )
    .where("key", "=", KEY)
    .executeTakeFirst();
  return row?.seen ?? false;
}
