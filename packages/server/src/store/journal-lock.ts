import { sql, type Transaction } from "kysely";
import type { Tables } from "./tables";

/** Any number that nothing else in the workspace database uses: "ntro" in ASCII. */
const JOURNAL = 0x6e74726f;

/**
 * Holds, until the transaction ends, the one lock under which events and audit rows are written. Without it a transaction that takes an id early
 * and commits late would be missed by readers who go on from the highest id they saw. Take it last: it is held by one writer at a time.
 */
export async function lockJournal(trx: Transaction<Tables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(JOURNAL)})`.execute(trx);
}
