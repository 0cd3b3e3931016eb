import { type Kysely, type Migration, sql } from "kysely";

/** The claim of a request on its key lapses soon after its server died. */
export const claims: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`alter table idempotency add column held_until timestamptz(3) not null default now()`.execute(db);
  },
};
