import { type Deployment, taskQueue } from "@ntro/contract";
import { movesCurrent } from "../core/deploy";
import { type CurrentRevision, readCurrentVersion } from "./current-versions";
import type { Db } from "./database";

/** Deployments with what is needed to answer them. */
function deployments(db: Db) {
  return db
    .selectFrom("deployments as d")
    .innerJoin("revisions as r", "r.id", "d.revision_id")
    .innerJoin("tenants as t", "t.id", "d.tenant_id")
    .selectAll("d")
    .select([
      "r.slug",
      "r.version",
      "r.digest",
      "r.language",
      "r.environment",
      "r.described",
      "r.workflow_type",
      "t.slug as tenant_slug",
    ]);
}

type Row = Awaited<ReturnType<ReturnType<typeof deployments>["executeTakeFirstOrThrow"]>>;

/** A deployment with its revision; undefined when there is none of this id. */
export async function findDeployment(db: Db, id: string): Promise<Row | undefined> {
  return deployments(db).where("d.id", "=", id).executeTakeFirst();
}

/** A deployment as it is answered; a pending one says whether it would become current by now. */
export async function toDeployment(db: Db, row: Row): Promise<Deployment> {
  const current = await readCurrentVersion(db, row.tenant_id, row.slug);
  const fields = {
    id: row.id,
    tenantId: row.tenant_id,
    tenantSlug: row.tenant_slug,
    slug: row.slug,
    version: row.version,
    digest: row.digest,
    workflowType: row.workflow_type,
    taskQueue: taskQueue(row.tenant_slug, row.language, row.environment),
    current: row.became_current,
    deployedBy: row.deployed_by,
    createdAt: row.created_at.toISOString(),
    dryRun: row.dry_run,
    ...(await standingAround(db, row, current)),
  };
  const endedAt = (row.ended_at ?? row.created_at).toISOString();
  if (row.status === "ready")
    return { ...fields, status: "ready", readyAt: endedAt, notices: row.described?.notices ?? [] };
  if (row.status === "failed") return { ...fields, status: "failed", failedAt: endedAt, faults: row.faults ?? [] };
  const requested = { version: row.version, pin: row.pin, requestedAt: row.created_at };
  return { ...fields, status: "pending", current: movesCurrent(requested, current) };
}

/** What stands beside a deployment: what is current now, and which deployment asked for later is still under way and will be. */
async function standingAround(
  db: Db,
  row: Row,
  current: CurrentRevision | undefined,
): Promise<Pick<Deployment, "currentNow" | "overtakenBy">> {
  const later = await deployments(db)
    .where("d.tenant_id", "=", row.tenant_id)
    .where("r.slug", "=", row.slug)
    .where("d.status", "=", "pending")
    .where("d.dry_run", "=", false)
    .where("d.created_at", ">", row.created_at)
    .orderBy("d.created_at", "desc")
    .execute();
  const next = later.find(({ version, pin, created_at }) =>
    movesCurrent({ version, pin, requestedAt: created_at }, current),
  );
  return {
    currentNow: current
      ? { version: current.version, digest: current.digest, since: current.since.toISOString(), by: current.movedBy }
      : null,
    overtakenBy: next ? { version: next.version, digest: next.digest, by: next.deployed_by } : null,
  };
}

/** Pending deployments, oldest first: of one tenant, or of all when null. */
export async function listPending(db: Db, tenantId: string | null): Promise<Row[]> {
  let query = deployments(db).where("d.status", "=", "pending").orderBy("d.created_at").orderBy("d.id");
  if (tenantId !== null) query = query.where("d.tenant_id", "=", tenantId);
  return query.execute();
}
