import type { KeepReason } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import type { Uses } from "../core/prune";
import type { Tables } from "./tables";

type Trx = Transaction<Tables>;
type Use = readonly [revisionId: string, reason: KeepReason];

/**
 * Everything that uses a runbook's revisions in a tenant. Complete only while its revisions are held: whatever comes to use one holds it first, see
 * revision-holds.ts.
 */
export async function readUses(trx: Trx, tenantId: string, slug: string): Promise<Uses> {
  const uses = [
    ...(await currentUse(trx, tenantId, slug)),
    ...(await taskUses(trx, tenantId, slug)),
    ...(await childUses(trx, tenantId, slug)),
    ...(await repairUses(trx, tenantId, slug)),
    ...(await deploymentUses(trx, tenantId, slug)),
  ];
  const byRevision = new Map<string, KeepReason[]>();
  for (const [id, reason] of uses) byRevision.set(id, [...(byRevision.get(id) ?? []), reason]);
  return {
    byRevision,
    pins: await readPins(trx, tenantId, slug),
    taskWithoutLock: await taskWithoutLock(trx, tenantId),
  };
}

async function currentUse(trx: Trx, tenantId: string, slug: string): Promise<Use[]> {
  const rows = await trx
    .selectFrom("current_versions")
    .select("revision_id")
    .where("tenant_id", "=", tenantId)
    .where("slug", "=", slug)
    .execute();
  return rows.map(({ revision_id }) => [revision_id, { kind: "current", text: "it is current" }]);
}

async function taskUses(trx: Trx, tenantId: string, slug: string): Promise<Use[]> {
  const { rows } = await sql<{ id: string; tasks: string[] }>`
    select r.id, array_agg(t.id::text order by t.created_at) as tasks
    from tasks t join revisions r on r.id = t.revision_id
    where t.tenant_id = ${tenantId} and r.slug = ${slug} and t.closed_at is null
    group by r.id`.execute(trx);
  return rows.map(({ id, tasks }) => [id, { kind: "task", text: `started on it: ${countTasks(tasks)}` }]);
}

async function childUses(trx: Trx, tenantId: string, slug: string): Promise<Use[]> {
  const { rows } = await sql<{ id: string; tasks: string[] }>`
    select r.id, array_agg(t.id::text order by t.created_at) as tasks
    from tasks t join revisions r on r.tenant_id = t.tenant_id and r.workflow_type = t.lock -> ${slug}::text ->> 'type'
    where t.tenant_id = ${tenantId} and t.closed_at is null
    group by r.id`.execute(trx);
  return rows.map(({ id, tasks }) => [id, { kind: "child", text: `locked for children: ${countTasks(tasks)}` }]);
}

/**
 * What repairs of open tasks have brought them, or are to bring them, and what they had before: a child that was started before its lock was changed goes on with the code it started on.
 */
async function repairUses(trx: Trx, tenantId: string, slug: string): Promise<Use[]> {
  const { rows } = await sql<{ id: string; tasks: string[] }>`
    with named as (
      select task_id, revision_id, null as digest from repairs where tenant_id = ${tenantId}
      union all select task_id, from_revision, null from repairs where tenant_id = ${tenantId}
      union all
      select c.task_id, c.to_revision, null from repair_checks c join repair_requests q on q.id = c.request_id
      where q.tenant_id = ${tenantId} and q.status = 'checking'
      union all
      select q.task_id, null, side.value ->> 'digest'
      from repair_requests q cross join jsonb_array_elements(q.later_children) child
      cross join lateral (values (child -> 'from'), (child -> 'to')) side(value)
      where q.tenant_id = ${tenantId} and q.status in ('checking', 'applied') and child ->> 'slug' = ${slug}
    )
    select r.id, array_agg(distinct t.id::text) as tasks
    from named n join tasks t on t.id = n.task_id join revisions r on r.id = n.revision_id or r.digest = n.digest
    where t.closed_at is null and r.tenant_id = ${tenantId} and r.slug = ${slug}
    group by r.id`.execute(trx);
  return rows.map(({ id, tasks }) => [id, { kind: "repair", text: `named by repairs: ${countTasks(tasks)}` }]);
}

async function deploymentUses(trx: Trx, tenantId: string, slug: string): Promise<Use[]> {
  const rows = await trx
    .selectFrom("deployments as d")
    .innerJoin("revisions as r", "r.id", "d.revision_id")
    .select("r.id")
    .distinct()
    .where("r.tenant_id", "=", tenantId)
    .where("r.slug", "=", slug)
    .where("d.status", "=", "pending")
    .execute();
  return rows.map(({ id }) => [id, { kind: "deployment", text: "a deployment of it is under way" }]);
}

async function readPins(trx: Trx, tenantId: string, slug: string): Promise<Uses["pins"]> {
  const rows = await trx
    .selectFrom("workflows as w")
    .innerJoin("entities as e", "e.id", "w.entity_id")
    .select(["w.runbook_version as version", "w.name", "w.runbook_slug", "e.slug as entity"])
    .where("w.tenant_id", "=", tenantId)
    .where("w.runbook_slug", "=", slug)
    .where("w.runbook_version", "is not", null)
    .where("w.deleted_at", "is", null)
    .orderBy("w.created_at")
    .$narrowType<{ version: string }>()
    .execute();
  return rows.map(({ version, name, runbook_slug, entity }) => ({
    version,
    workflow: `${name ?? runbook_slug} (${entity})`,
  }));
}

async function taskWithoutLock(trx: Trx, tenantId: string): Promise<string | null> {
  const row = await trx
    .selectFrom("tasks")
    .select("id")
    .where("tenant_id", "=", tenantId)
    .where("closed_at", "is", null)
    .where("lock", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** How many tasks are named one by one. */
const NAMED = 3;

function countTasks(ids: readonly string[]): string {
  const named = ids.slice(0, NAMED).join(", ");
  const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "";
  return `${ids.length === 1 ? "task" : "tasks"} ${named}${more}`;
}
