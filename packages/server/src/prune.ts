import type { Actor, PruneAnswer } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import { type PrunePlan, planPrune } from "./core/prune";
import type { Services } from "./services";
import { appendAudit } from "./store/audit";
import { lockCurrentVersion } from "./store/current-versions";
import { inTransaction } from "./store/database";
import { appendEvents, nudgeWorkers } from "./store/events";
import { type ReadyRevision, revisionsOf } from "./store/ready-revisions";
import { removeContent } from "./store/revision-content";
import { readUses } from "./store/revision-uses";
import type { Tables } from "./store/tables";
import { holdActiveTenant } from "./store/tenants";

/** What somebody asks to be pruned of one runbook. */
export interface PruneRequest {
  readonly tenantId: string;
  readonly slug: string;
  /** How many of the newest stay, used or not. */
  readonly keep: number;
  readonly dryRun: boolean;
  readonly actor: Actor;
}

type Pruned = Pick<PruneAnswer, "removed" | "kept">;

/**
 * Prunes the revisions of a runbook that nothing uses: marks them, so that nothing comes to use them any more, then removes their content. Cut off between the
 * two, {@link removePrunedContent} goes on.
 * @throws NtroError `TENANT_NOT_ACTIVE`
 */
export async function pruneRunbook(services: Services, request: PruneRequest): Promise<Pruned> {
  const { tenantId, slug, dryRun } = request;
  const plan = await inTransaction(services.db, async (trx) => {
    await holdActiveTenant(trx, tenantId);
    // Deploys and promotions wait for this lock, tasks and pins for the rows that are held.
    await lockCurrentVersion(trx, tenantId, slug);
    const planned = await planHeld(trx, request);
    if (!dryRun && planned.remove.length > 0) await markPruned(trx, request, planned.remove);
    return planned;
  });
  if (!dryRun) for (const { id } of plan.remove) await removeContentOf(services, { tenantId, slug, id });
  return {
    removed: plan.remove.map(({ version, digest }) => ({ slug, version, digest })),
    kept: plan.keep.map(({ revision, reasons }) => ({
      slug,
      version: revision.version,
      digest: revision.digest,
      reasons: [...reasons],
    })),
  };
}

async function planHeld(
  trx: Transaction<Tables>,
  { tenantId, slug, keep }: PruneRequest,
): Promise<PrunePlan<ReadyRevision & { createdAt: Date }>> {
  await trx
    .selectFrom("revisions")
    .select("id")
    .where("tenant_id", "=", tenantId)
    .where("slug", "=", slug)
    .where("pruned_at", "is", null)
    .orderBy("id")
    .forUpdate()
    .execute();
  const revisions = (await revisionsOf(trx, tenantId, slug)).filter(({ pruned_at }) => pruned_at === null);
  const dated = revisions.map((revision) => ({ ...revision, createdAt: revision.created_at }));
  return planPrune(dated, await readUses(trx, tenantId, slug), keep);
}

async function markPruned(
  trx: Transaction<Tables>,
  { tenantId, slug, actor }: PruneRequest,
  revisions: readonly ReadyRevision[],
): Promise<void> {
  const ids = revisions.map(({ id }) => id);
  await trx.updateTable("revisions").set({ pruned_at: sql<Date>`now()` }).where("id", "in", ids).execute();
  const detail = { slug, revisions: revisions.map(({ version, digest }) => ({ version, digest })) };
  // Their copies on the workers' disks go too.
  await nudgeWorkers(trx);
  await appendEvents(trx, [{ type: "runbook.pruned", tenantId, data: { ...detail, by: actor.name } }]);
  await appendAudit(trx, { tenantId, actor, action: "runbook.pruned", subject: `runbook:${slug}`, detail });
}

/** Removes the content of revisions whose pruning was cut off, or that were uploaded again and could not be made ready. */
export async function removePrunedContent(services: Services): Promise<void> {
  const rows = await services.db
    .selectFrom("revisions as r")
    .innerJoin("tenants as t", "t.id", "r.tenant_id")
    .select(["r.id", "r.tenant_id as tenantId", "r.slug"])
    .where("r.pruned_at", "is not", null)
    .where("r.has_content", "=", true)
    .where("t.status", "=", "ACTIVE")
    .limit(1000)
    .execute();
  for (const row of rows) await removeContentOf(services, row);
}

async function removeContentOf(
  { db, tenantDatabases }: Services,
  { tenantId, slug, id }: { readonly tenantId: string; readonly slug: string; readonly id: string },
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await lockCurrentVersion(trx, tenantId, slug);
    const row = await trx
      .selectFrom("revisions as r")
      .select("r.workflow_type")
      .where("r.id", "=", id)
      .where("r.pruned_at", "is not", null)
      .where((all) =>
        all.not(
          all.exists(
            all
              .selectFrom("deployments as d")
              .select("d.id")
              .whereRef("d.revision_id", "=", "r.id")
              .where((any) => any.or([any("d.status", "=", "pending"), any("d.dry_run", "=", true)])),
          ),
        ),
      )
      .executeTakeFirst();
    if (!row) return;
    await removeContent(tenantDatabases, tenantId, row.workflow_type);
    await trx.updateTable("revisions").set({ has_content: false }).where("id", "=", id).execute();
  });
}
