import type { Requirements } from "@ntro/bundle";
import type { Actor, Described, Fault, Manifest } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import { PLATFORM_ACTOR } from "./core/access";
import { movesCurrent } from "./core/deploy";
import type { Services } from "./services";
import { appendAudit } from "./store/audit";
import { lockCurrentVersion, readCurrentVersion, setCurrentVersion } from "./store/current-versions";
import { type Db, inTransaction } from "./store/database";
import { appendEvents, nudgeWorkers } from "./store/events";
import { revisionById } from "./store/ready-revisions";
import { putArchive } from "./store/revision-content";
import { describeRevision } from "./store/revisions";
import type { Tables } from "./store/tables";
import { holdActiveTenant } from "./store/tenants";

type Trx = Transaction<Tables>;

/** A deploy that was checked. */
export interface NewDeployment {
  readonly id: string;
  readonly tenantId: string;
  readonly manifest: Manifest;
  /** Of a Python bundle; null for TypeScript. */
  readonly requirements: Requirements | null;
  readonly archive: string;
  readonly digest: string;
  readonly workflowType: string;
  readonly pin: boolean;
  /** Prepared to see what would come of it; nothing does. */
  readonly dryRun: boolean;
  readonly actor: Actor;
}

/** A deployment with its revision, as far as what follows from it goes. */
interface Settled {
  readonly id: string;
  readonly tenantId: string;
  readonly revisionId: string;
  readonly slug: string;
  readonly version: string;
  readonly digest: string;
  readonly pin: boolean;
  readonly dryRun: boolean;
  readonly deployedBy: string;
  readonly requestedAt: Date;
}

/** Minutes after which a deployment that no host works at has failed. */
const PATIENCE_MINUTES = 10;

/**
 * Keeps the archive and records revision and deployment. A revision that is ready already makes the deployment ready at once; else hosts are told. The same id
 * again changes nothing.
 */
export async function recordDeployment(
  { db, tenantDatabases }: Pick<Services, "db" | "tenantDatabases">,
  deployment: NewDeployment,
): Promise<void> {
  const { id, tenantId, manifest, digest, pin, dryRun, actor } = deployment;
  await inTransaction(db, async (trx) => {
    await holdActiveTenant(trx, tenantId);
    await lockCurrentVersion(trx, tenantId, manifest.slug);
    const revisionId = await putRevision(trx, deployment);
    // In another database, hence under the lock: whatever removes archives holds it too, so what is recorded here has its archive.
    await putArchive(tenantDatabases, tenantId, deployment.workflowType, deployment.archive);
    const { readyAt } = await revisionById(trx, tenantId, revisionId);
    const row = await trx
      .insertInto("deployments")
      .values({
        id,
        tenant_id: tenantId,
        revision_id: revisionId,
        status: "pending",
        pin,
        dry_run: dryRun,
        deployed_by: actor.name,
      })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning("created_at")
      .executeTakeFirst();
    if (!row) return;
    const { slug, version } = manifest;
    const from = { pin, dryRun, deployedBy: actor.name, requestedAt: row.created_at };
    const about = { id, tenantId, revisionId, slug, version, digest, ...from };
    if (readyAt !== null) await settleReady(trx, about, actor);
    else {
      await nudgeWorkers(trx);
      await tell(trx, about, "deployment.progress", { stage: "recorded", seconds: 0 });
    }
    await audit(trx, about, actor, "deployment.requested", { pin });
  });
}

/** The revision of a content, made where it is not there; held still until the transaction ends. */
async function putRevision(
  trx: Trx,
  { tenantId, manifest, requirements, digest, workflowType, actor }: NewDeployment,
): Promise<string> {
  const { slug, version, language } = manifest;
  const { id } = await trx
    .insertInto("revisions")
    .values({
      tenant_id: tenantId,
      slug,
      version,
      digest,
      language,
      workflow_type: workflowType,
      environment: requirements?.environment ?? null,
      requirements: requirements && JSON.stringify({ lines: requirements.lines, provided: requirements.provided }),
      manifest: JSON.stringify(manifest),
      deployed_by: actor.name,
    })
    .onConflict((conflict) => conflict.constraint("revisions_content").doUpdateSet({ has_content: true }))
    .returning("id")
    .executeTakeFirstOrThrow();
  return id;
}

/** A host has prepared the deployment. Nothing happens when it has ended already. */
export async function deploymentReady(db: Db, id: string, described: Described, actor: Actor): Promise<void> {
  await inTransaction(db, async (trx) => {
    const deployment = await holdPending(trx, id);
    if (!deployment) return;
    await describeRevision(trx, deployment.revisionId, described);
    await settleReady(trx, deployment, actor);
    await nudgeWorkers(trx);
  });
}

/** A deployment could not be made ready; nothing but its own status changes, and only when it has not ended already. */
export async function deploymentFailed(db: Db, id: string, faults: readonly Fault[], actor: Actor): Promise<void> {
  await inTransaction(db, async (trx) => {
    const deployment = await holdPending(trx, id);
    if (!deployment) return;
    await trx
      .updateTable("deployments")
      .set({ status: "failed", faults: JSON.stringify(faults), ended_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
    await nudgeWorkers(trx);
    await tell(trx, deployment, "deployment.failed", { faults });
    await audit(trx, deployment, actor, "deployment.failed", { faults: faults.map(({ code }) => code) });
  });
}

/** A host is at work: a stage is done. */
export async function deploymentProgress(db: Db, id: string, stage: string, seconds: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const deployment = await holdPending(trx, id);
    if (!deployment) return;
    await trx.updateTable("deployments").set({ progress_at: sql<Date>`now()` }).where("id", "=", id).execute();
    await tell(trx, deployment, "deployment.progress", { stage, seconds });
  });
}

/** Fails deployments that no host has worked at for {@link PATIENCE_MINUTES} minutes. */
export async function failAbandonedDeployments(db: Db): Promise<void> {
  const rows = await db
    .selectFrom("deployments")
    .select(["id", "progress_at"])
    .where("status", "=", "pending")
    .where(sql<boolean>`coalesce(progress_at, created_at) < now() - make_interval(mins => ${PATIENCE_MINUTES})`)
    .execute();
  for (const { id, progress_at } of rows) {
    const message = progress_at
      ? `The worker began with the deployment and has not been heard of for ${PATIENCE_MINUTES} minutes.`
      : `No worker took the deployment within ${PATIENCE_MINUTES} minutes.`;
    const hint = "Is a worker running? `ntro status` shows it. Then deploy again.";
    await deploymentFailed(db, id, [{ code: "WORKER_MISSING", message, path: "", hint }], PLATFORM_ACTOR);
  }
}

/** The deployment if it is pending; held still, and its runbook's current version with it. */
async function holdPending(trx: Trx, id: string): Promise<Settled | undefined> {
  const query = trx
    .selectFrom("deployments as d")
    .innerJoin("revisions as r", "r.id", "d.revision_id")
    .select(["d.tenant_id", "d.revision_id", "d.pin", "d.dry_run", "d.deployed_by", "d.created_at", "d.status"])
    .select(["r.slug", "r.version", "r.digest"])
    .where("d.id", "=", id);
  const found = await query.executeTakeFirst();
  if (!found) return undefined;
  // In this order everywhere: first the runbook, then the deployment.
  await lockCurrentVersion(trx, found.tenant_id, found.slug);
  const row = await query.forUpdate("d").executeTakeFirst();
  if (row?.status !== "pending") return undefined;
  const { slug, version, digest, pin } = row;
  const from = { pin, dryRun: row.dry_run, deployedBy: row.deployed_by, requestedAt: row.created_at };
  return { id, tenantId: row.tenant_id, revisionId: row.revision_id, slug, version, digest, ...from };
}

/** The deployment is ready; its version becomes current where it should, and can be run where it was pruned before. Of a dry run nothing of that. */
async function settleReady(trx: Trx, deployment: Settled, actor: Actor): Promise<void> {
  const { id, tenantId, slug, revisionId, dryRun, deployedBy } = deployment;
  const before = await readCurrentVersion(trx, tenantId, slug);
  const current = movesCurrent(deployment, before);
  await trx
    .updateTable("deployments")
    .set({ status: "ready", became_current: current, ended_at: sql<Date>`now()` })
    .where("id", "=", id)
    .execute();
  if (!dryRun) {
    await trx.updateTable("revisions").set({ pruned_at: null }).where("id", "=", revisionId).execute();
    if (current) await setCurrentVersion(trx, { ...deployment, movedBy: deployedBy });
  }
  await tell(trx, deployment, "deployment.ready", { current, previous: before?.version ?? null });
  await audit(trx, deployment, actor, "deployment.ready", { current, previous: before?.version ?? null });
}

async function tell(
  trx: Trx,
  { id, tenantId, slug, version, digest, dryRun }: Settled,
  type: "deployment.progress" | "deployment.ready" | "deployment.failed",
  what: Record<string, unknown>,
): Promise<void> {
  const data = { slug, version, digest, ...what, ...(dryRun ? { dryRun } : {}) };
  await appendEvents(trx, [{ type, tenantId, deploymentId: id, data }]);
}

async function audit(
  trx: Trx,
  { id, tenantId, slug, version, digest, dryRun }: Settled,
  actor: Actor,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const whole = { slug, version, digest, ...detail, ...(dryRun ? { dryRun } : {}) };
  await appendAudit(trx, { tenantId, actor, action, subject: `deployment:${id}`, detail: whole });
}
