import { sql, type Transaction } from "kysely";
import type { CurrentVersion } from "../core/deploy";
import type { Db } from "./database";
import type { Tables } from "./tables";

/** Holds the current version of a runbook in a tenant still until the transaction ends. */
export async function lockCurrentVersion(trx: Transaction<Tables>, tenantId: string, slug: string): Promise<void> {
  const name = `current-version:${tenantId}:${slug}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}

/** The current version of a runbook in a tenant; undefined before the first is ready. */
export async function readCurrentVersion(
  db: Db,
  tenantId: string,
  slug: string,
): Promise<(CurrentVersion & { revisionId: string }) | undefined> {
  const row = await db
    .selectFrom("current_versions as c")
    .innerJoin("revisions as r", "r.id", "c.revision_id")
    .select(["r.version", "r.id", "c.requested_at"])
    .where("c.tenant_id", "=", tenantId)
    .where("c.slug", "=", slug)
    .executeTakeFirst();
  return row && { version: row.version, revisionId: row.id, requestedAt: row.requested_at };
}

/** Makes a revision current. Hold {@link lockCurrentVersion}. */
export async function setCurrentVersion(
  trx: Transaction<Tables>,
  current: { tenantId: string; slug: string; revisionId: string; requestedAt: Date },
): Promise<void> {
  const values = { revision_id: current.revisionId, requested_at: current.requestedAt, since: sql<Date>`now()` };
  await trx
    .insertInto("current_versions")
    .values({ tenant_id: current.tenantId, slug: current.slug, ...values })
    .onConflict((conflict) => conflict.columns(["tenant_id", "slug"]).doUpdateSet(values))
    .execute();
}
