import type { RunbookVersion } from "@ntro/contract";
import { sql } from "kysely";
import { readyLast } from "../core/ready-last";
import type { Db } from "./database";
import type { StandingRevision } from "./revisions";

/** How revisions of one runbook are answered as versions, with the workflows pinned to each and its open tasks. */
export async function toVersions(db: Db, rows: readonly StandingRevision[]): Promise<RunbookVersion[]> {
  if (rows.length === 0) return [];
  const [pins, open, locked] = await Promise.all([readPins(db, rows), countOpen(db, rows), countLocked(db, rows)]);
  return rows.map((row) => ({
    slug: row.slug,
    version: row.version,
    digest: row.digest,
    language: row.language,
    tenantSlug: row.tenant_slug,
    status: statusOf(row),
    current: row.current,
    currentSince: row.current_since?.toISOString() ?? null,
    currentBy: row.current_by,
    pinnedBy: pins
      .filter(({ version, tenant_id }) => tenant_id === row.tenant_id && version === row.version)
      .filter(({ version }) => meantByPin(rows, row, version))
      .map(({ id, name, entity }) => ({ id, name, entity })),
    openTasks: open.get(row.id) ?? 0,
    lockedBy: locked.get(`${row.tenant_id} ${row.workflow_type}`) ?? 0,
    notices: row.described?.notices ?? [],
    deployedBy: row.deployed_by,
    createdAt: row.created_at.toISOString(),
    readyAt: row.ready_at?.toISOString() ?? null,
    prunedAt: row.pruned_at?.toISOString() ?? null,
  }));
}

/** Pruned until it is made ready anew; while that is under way it is pending. */
function statusOf({ status, pruned_at }: StandingRevision): RunbookVersion["status"] {
  return pruned_at !== null && status !== "pending" ? "pruned" : status;
}

/** Whether a pin of this version means this content: the one that became ready last; where none is ready yet, the newest. */
function meantByPin(rows: readonly StandingRevision[], row: StandingRevision, version: string): boolean {
  const contents = rows.filter((other) => other.tenant_id === row.tenant_id && other.version === version);
  const ready = readyLast(
    contents.map(({ id, ready_at: readyAt }) => ({ id, version, readyAt })),
    version,
  );
  const newest = [...contents].sort((a, b) => b.created_at.getTime() - a.created_at.getTime())[0];
  return row.id === (ready ?? newest)?.id;
}

async function readPins(db: Db, rows: readonly StandingRevision[]) {
  return db
    .selectFrom("workflows as w")
    .innerJoin("entities as e", "e.id", "w.entity_id")
    .select(["w.id", "w.name", "w.tenant_id", "w.runbook_version as version", "e.slug as entity"])
    .where("w.tenant_id", "in", [...new Set(rows.map((row) => row.tenant_id))])
    .where("w.runbook_slug", "in", [...new Set(rows.map((row) => row.slug))])
    .where("w.runbook_version", "is not", null)
    .where("w.deleted_at", "is", null)
    .orderBy("w.created_at")
    .$narrowType<{ version: string }>()
    .execute();
}

/** Revision id → open tasks that started on it. */
async function countOpen(db: Db, rows: readonly StandingRevision[]): Promise<Map<string, number>> {
  const counted = await db
    .selectFrom("tasks")
    .select(["revision_id", (all) => all.fn.countAll<string>().as("count")])
    .where(
      "revision_id",
      "in",
      rows.map(({ id }) => id),
    )
    .where("closed_at", "is", null)
    .groupBy("revision_id")
    .execute();
  return new Map(counted.map(({ revision_id, count }) => [revision_id, Number(count)]));
}

/** Tenant and workflow type → open tasks whose lock names it. */
async function countLocked(db: Db, rows: readonly StandingRevision[]): Promise<Map<string, number>> {
  const slugs = [...new Set(rows.map(({ slug }) => slug))];
  const counted = await sql<{ tenant_id: string; type: string; count: string }>`
    select t.tenant_id, t.lock -> s.slug ->> 'type' as type, count(*) as count
    from tasks t, unnest(${slugs}::text[]) as s(slug)
    where t.closed_at is null and t.lock ? s.slug
    group by 1, 2`.execute(db);
  return new Map(counted.rows.map(({ tenant_id, type, count }) => [`${tenant_id} ${type}`, Number(count)]));
}
