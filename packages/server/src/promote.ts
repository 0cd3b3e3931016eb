import type { Actor } from "@ntro/contract";
import { sql } from "kysely";
import { promotedRevision } from "./core/deploy";
import { appendAudit } from "./store/audit";
import { lockCurrentVersion, readCurrentVersion, setCurrentVersion } from "./store/current-versions";
import { type Db, inTransaction } from "./store/database";
import { appendEvents } from "./store/events";
import { revisionsOf } from "./store/ready-revisions";
import { holdActiveTenant } from "./store/tenants";

/**
 * Makes a ready version the current one, whatever the numbers, and gives the id of its revision.
 * @throws NtroError `VERSION_NOT_FOUND`, `RUNBOOK_NOT_READY`, `TENANT_NOT_ACTIVE`
 */
export async function promote(
  db: Db,
  asked: { readonly tenantId: string; readonly slug: string; readonly version: string; readonly actor: Actor },
): Promise<string> {
  const { tenantId, slug, actor } = asked;
  return inTransaction(db, async (trx) => {
    await holdActiveTenant(trx, tenantId);
    // Also keeps the revision from being pruned meanwhile.
    await lockCurrentVersion(trx, tenantId, slug);
    const candidates = (await revisionsOf(trx, tenantId, slug)).map((row) => ({ ...row, prunedAt: row.pruned_at }));
    const { id, version, digest } = promotedRevision(slug, asked.version, candidates);
    const before = await readCurrentVersion(trx, tenantId, slug);
    const { now } = await trx
      .selectNoFrom(sql<Date>`clock_timestamp()::timestamptz(3)`.as("now"))
      .executeTakeFirstOrThrow();
    await setCurrentVersion(trx, { tenantId, slug, revisionId: id, requestedAt: now, movedBy: actor.name });
    const about = { slug, version, digest };
    await appendEvents(trx, [
      { type: "runbook.promoted", tenantId, data: { ...about, previous: before?.version ?? null, by: actor.name } },
    ]);
    const detail = { ...about, before: before?.version ?? null };
    await appendAudit(trx, { tenantId, actor, action: "runbook.promoted", subject: `runbook:${slug}`, detail });
    return id;
  });
}
