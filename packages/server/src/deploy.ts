import type { Requirements } from "@ntro/bundle";
import type { Actor, Described, Fault, Manifest } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import { PLATFORM_ACTOR } from "./core/access";
import { movesCurrent } from "./core/deploy";
import { appendAudit } from "./store/audit";
import { lockCurrentVersion, readCurrentVersion, setCurrentVersion } from "./store/current-versions";
import { type Db, inTransaction } from "./store/database";
import { appendEvents, nudgeWorkers } from "./store/events";
import { describeRevision } from "./store/revisions";
import type { Tables } from "./store/tables";
import { holdActiveTenant } from "./store/tenants";

type Trx = Transaction<Tables>;

/** A deploy that was checked and whose archive is kept. */
export interface NewDeployment {
  readonly id: string;
  readonly tenantId: string;
  readonly manifest: Manifest;
  /** Of a Python bundle; null for TypeScript. */
  readonly requirements: Requirements | null;
  readonly digest: string;
  readonly workflowType: string;
  readonly pin: boolean;
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
  readonly requestedAt: Date;
}

/** Minutes after which a deployment that no host works at has failed. */
const PATIENCE_MINUTES = 10;

/**
 * Records revision and deployment. A revision that is ready already makes the deployment ready at once; else hosts are told. The same id again
 * changes nothing.
 */
export async function recordDeployment(db: Db, deployment: NewDeployment): Promise<void> {
  const { id, tenantId, manifest, digest, actor } = deployment;
  await inTransaction(db, async (trx) => {
    await holdActiveTenant(trx, tenantId);
    await lockCurrentVersion(trx, tenantId, manifest.slug);
    const revisionId = await putRevision(trx, deployment);
    const last = await trx
      .selectFrom("deployments")
      .select("status")
      .where("revision_id", "=", revisionId)
      .orderBy("created_at", "desc")
      .orderBy("id", "desc")
      .executeTakeFirst();
    const row = await trx
      .insertInto("deployments")
      .values({
        id,
        tenant_id: tenantId,
        revision_id: revisionId,
        status: "pending",
        pin: deployment.pin,
        deployed_by: actor.name,
      })
      .onConflict((conflict) => conflict.column("id").doNothing())
      .returning("created_at")
      .executeTakeFirst();
    if (!row) return;
    const { slug, version } = manifest;
    const about = { id, tenantId, revisionId, slug, version, digest, pin: deployment.pin, requestedAt: row.created_at };
    if (last?.status === "ready") await settleReady(trx, about, actor);
    else {
      await nudgeWorkers(trx);
      const data = { slug, version, digest, stage: "recorded", seconds: 0 };
      await appendEvents(trx, [{ type: "deployment.progress", tenantId, deploymentId: id, data }]);
    }
    await audit(trx, about, actor, "deployment.requested", { pin: deployment.pin });
  });
}

async function putRevision(
  trx: Trx,
  { tenantId, manifest, requirements, digest, workflowType, actor }: NewDeployment,
): Promise<string> {
  const { slug, version, language } = manifest;
  const content = { tenant_id: tenantId, slug, version, digest };
  const added = await trx
    .insertInto("revisions")
    .values({
      ...content,
      language,
      workflow_type: workflowType,
      environment: requirements?.environment ?? null,
      requirements: requirements && JSON.stringify({ lines: requirements.lines, provided: requirements.provided }),
      manifest: JSON.stringify(manifest),
      deployed_by: actor.name,
    })
    .onConflict((conflict) => conflict.constraint("revisions_content").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (added) return added.id;
  let query = trx.selectFrom("revisions").select("id");
  for (const column of ["tenant_id", "slug", "version", "digest"] as const)
    query = query.where(column, "=", content[column]);
  return (await query.executeTakeFirstOrThrow()).id;
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
    const { slug, version, digest, tenantId } = deployment;
    const data = { slug, version, digest, faults };
    await appendEvents(trx, [{ type: "deployment.failed", tenantId, deploymentId: id, data }]);
    await audit(trx, deployment, actor, "deployment.failed", { faults: faults.map(({ code }) => code) });
  });
}

/** A host is at work: a stage is done. */
export async function deploymentProgress(db: Db, id: string, stage: string, seconds: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const deployment = await holdPending(trx, id);
    if (!deployment) return;
    await trx.updateTable("deployments").set({ progress_at: sql<Date>`now()` }).where("id", "=", id).execute();
    const { slug, version, digest, tenantId } = deployment;
    const data = { slug, version, digest, stage, seconds };
    await appendEvents(trx, [{ type: "deployment.progress", tenantId, deploymentId: id, data }]);
  });
}

/** Makes a ready version the current one, whatever the numbers; asked for now. */
export async function promote(
  trx: Trx,
  revision: { tenantId: string; slug: string; revisionId: string; version: string; digest: string },
  actor: Actor,
): Promise<void> {
  await lockCurrentVersion(trx, revision.tenantId, revision.slug);
  const before = await readCurrentVersion(trx, revision.tenantId, revision.slug);
  await setCurrentVersion(trx, { ...revision, requestedAt: new Date() });
  const { tenantId, slug, version, digest } = revision;
  const detail = { slug, version, digest, before: before?.version ?? null };
  await appendAudit(trx, { tenantId, actor, action: "runbook.promoted", subject: `runbook:${slug}`, detail });
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
    .select(["d.tenant_id", "d.revision_id", "d.pin", "d.created_at", "d.status", "r.slug", "r.version", "r.digest"])
    .where("d.id", "=", id);
  const found = await query.executeTakeFirst();
  if (!found) return undefined;
  // In this order everywhere: first the runbook, then the deployment.
  await lockCurrentVersion(trx, found.tenant_id, found.slug);
  const row = await query.forUpdate("d").executeTakeFirst();
  if (row?.status !== "pending") return undefined;
  const { slug, version, digest, pin } = row;
  return {
    id,
    tenantId: row.tenant_id,
    revisionId: row.revision_id,
    slug,
    version,
    digest,
    pin,
    requestedAt: row.created_at,
  };
}

async function settleReady(trx: Trx, deployment: Settled, actor: Actor): Promise<void> {
  const { id, tenantId, slug, version, digest } = deployment;
  const before = await readCurrentVersion(trx, tenantId, slug);
  const current = movesCurrent(deployment, before);
  await trx
    .updateTable("deployments")
    .set({ status: "ready", became_current: current, ended_at: sql<Date>`now()` })
    .where("id", "=", id)
    .execute();
  if (current) await setCurrentVersion(trx, deployment);
  const data = { slug, version, digest, current, previous: before?.version ?? null };
  await appendEvents(trx, [{ type: "deployment.ready", tenantId, deploymentId: id, data }]);
  await audit(trx, deployment, actor, "deployment.ready", { current, previous: before?.version ?? null });
}

async function audit(
  trx: Trx,
  { id, tenantId, slug, version, digest }: Settled,
  actor: Actor,
  action: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const whole = { slug, version, digest, ...detail };
  await appendAudit(trx, { tenantId, actor, action, subject: `deployment:${id}`, detail: whole });
}
