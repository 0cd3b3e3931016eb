import type { HostRepair, WantedReplay } from "@ntro/contract";
import type { Db } from "./database";
import type { HostPlace } from "./host-places";

/** Which executions of open tasks go on with other code than they started with: of one tenant, or of all when null. An execution keeps its queue, so it is that of the revision. */
export async function listRepairs(db: Db, tenantId: string | null): Promise<(HostPlace & HostRepair)[]> {
  let query = db
    .selectFrom("repairs_in_force as p")
    .innerJoin("revisions as r", "r.id", "p.revision_id")
    .select(["r.tenant_id", "r.language", "r.environment", "p.workflow_id as workflowId", "p.number"])
    .select("r.workflow_type as type")
    .orderBy("p.workflow_id");
  if (tenantId !== null) query = query.where("p.tenant_id", "=", tenantId);
  return query.execute();
}

/** Histories that wait to be tried on a revision, oldest first: of one tenant, or of all when null. */
export async function listReplays(db: Db, tenantId: string | null): Promise<(HostPlace & WantedReplay)[]> {
  let query = db
    .selectFrom("repair_checks as c")
    .innerJoin("revisions as r", "r.id", "c.to_revision")
    .select(["r.tenant_id", "r.language", "r.environment", "c.workflow_id as workflowId", "c.replay_id as id"])
    .select("r.workflow_type as type")
    .where("c.status", "=", "waiting")
    .orderBy("c.asked_at")
    .orderBy("c.position");
  if (tenantId !== null) query = query.where("r.tenant_id", "=", tenantId);
  return query.execute();
}
