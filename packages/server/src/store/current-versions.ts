import { sql, type Transaction } from "kysely";
import type { CurrentVersion } from "../core/deploy";
import type { Db } from "./database";
import type { Tables } from "./tables";

/** Holds the current version of a runbook in a tenant still until the transaction ends. */
export async function lockCurrentVersion(trx: Transaction<Tables>, tenantId: string, slug: string): Promise<void> {
  const name = `current-version:${tenantId}:${slug}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(trx);
}

/** The revision that is current, since when, and who deployed or promoted it (null where that was not kept). */
export interface CurrentRevision extends CurrentVersion {
  readonly digest: string;
  readonly revisionId: string;
  readonly since: Date;
  readonly movedBy: string | null;
}

/** The current version of a runbook in a tenant; undefined before the first is ready. */
export async function readCurrentVersion(db: Db, tenantId: string, slug: string): Promise<CurrentRevision | undefined> {
  const row = await db
    .selectFrom("current_versions as c")
    .innerJoin("revisions as r", "r.id", "c.revision_id")
    .select(["r.version", "r.digest", "r.id", "c.requested_at", "c.since", "c.moved_by"])
    .where("c.tenant_id", "=", tenantId)
    .where("c.slug", "=", slug)
    .executeTakeFirst();
  if (!row) return undefined;
  const { version, digest, id: revisionId, requested_at: requestedAt, since, moved_by: movedBy } = row;
  return { version, digest, revisionId, requestedAt, since, movedBy };
}

/** Makes a revision current. Hold {@link lockCurrentVersion}. */
export async function setCurrentVersion(
  trx: Transaction<Tables>,
  current: { tenantId: string; slug: string; revisionId: string; requestedAt: Date; movedBy: string },
): Promise<void> {
  const { revisionId, requestedAt, movedBy } = current;
  const values = { revision_id: revisionId, requested_at: requestedAt, since: sql<Date>`now()`, moved_by: movedBy };
  await trx
    .insertInto("current_versions")
    .values({ tenant_id: current.tenantId, slug: current.slug, ...values })
    .onConflict((conflict) => conflict.columns(["tenant_id", "slug"]).doUpdateSet(values))
    .execute();
}
