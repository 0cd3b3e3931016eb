import type { DeploymentStatus, Described } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import type * as z from "zod";
import { requirementNotices } from "../core/deploy";
import { notFound } from "../core/not-found";
import type { Db } from "./database";
import type { Tables } from "./tables";

export type RevisionRow = Selectable<Tables["revisions"]>;
type Status = z.infer<typeof DeploymentStatus>;

/** A revision with how it stands in its tenant. */
export interface StandingRevision extends RevisionRow {
  /** Of its last deployment that was none to try; revisions without one are not listed. */
  readonly status: Status;
  /** When its last deployment became ready; null also where it was pruned since. */
  readonly ready_at: Date | null;
  readonly current: boolean;
  readonly current_since: Date | null;
  readonly current_by: string | null;
  readonly tenant_slug: string;
}

/** Revisions with their standing; `tenantId` null: of all tenants. */
function standing(db: Db, tenantId: string | null, slug: string | null) {
  let query = db
    .selectFrom("revisions as r")
    .innerJoin("tenants as t", "t.id", "r.tenant_id")
    .leftJoin("current_versions as c", "c.revision_id", "r.id")
    .innerJoinLateral(
      (from) =>
        from
          .selectFrom("deployments")
          .select([
            "deployments.status",
            sql<Date | null>`case when deployments.status = 'ready' and r.pruned_at is null then deployments.ended_at end`.as(
              "ready_at",
            ),
          ])
          .whereRef("deployments.revision_id", "=", "r.id")
          .where("deployments.dry_run", "=", false)
          .orderBy("deployments.created_at", "desc")
          .orderBy("deployments.id", "desc")
          .limit(1)
          .as("d"),
      (join) => join.onTrue(),
    )
    .selectAll("r")
    .select(["d.status", "d.ready_at", "t.slug as tenant_slug", "c.since as current_since", "c.moved_by as current_by"])
    .select(sql<boolean>`c.revision_id is not null`.as("current"))
    .where("t.status", "<>", "DECOMMISSIONED");
  if (tenantId !== null) query = query.where("r.tenant_id", "=", tenantId);
  if (slug !== null) query = query.where("r.slug", "=", slug);
  return query;
}

/** Every revision of a runbook, newest first. */
export async function listRevisions(db: Db, tenantId: string | null, slug: string): Promise<StandingRevision[]> {
  return standing(db, tenantId, slug).orderBy("r.created_at", "desc").orderBy("r.id").execute();
}

/**
 * For each runbook that was ever made ready the revision that speaks for it, by slug: the current one where one tenant is asked about, else the newest that
 * is ready.
 */
export async function listRunbooks(
  db: Db,
  tenantId: string | null,
  page: { limit: number; after: string | null; search: string | null },
): Promise<StandingRevision[]> {
  let query = standing(db, tenantId, null)
    .where((where) => where.or([where("c.revision_id", "is not", null), where("d.ready_at", "is not", null)]))
    .distinctOn("r.slug")
    .orderBy("r.slug");
  if (tenantId !== null) query = query.orderBy(sql`c.revision_id is not null`, "desc");
  query = query.orderBy(sql`d.ready_at is not null`, "desc").orderBy("r.created_at", "desc").limit(page.limit);
  if (page.after !== null) query = query.where("r.slug", ">", page.after);
  if (page.search !== null)
    query = query.where(
      sql<boolean>`position(lower(${page.search}) in lower(r.slug || ' ' || (r.manifest->>'name') || ' ' || coalesce(r.manifest->>'description', ''))) > 0`,
    );
  return query.execute();
}

/**
 * The error for a runbook nobody deployed, with the near ones.
 * @param tenantId null: names of all tenants may be told
 */
export async function runbookNotFound(db: Db, tenantId: string | null, slug: string) {
  let query = db
    .selectFrom("revisions")
    .innerJoin("deployments", "deployments.revision_id", "revisions.id")
    .select("slug")
    .distinct()
    .where("deployments.status", "=", "ready")
    .where("deployments.dry_run", "=", false)
    .limit(1000);
  if (tenantId !== null) query = query.where("revisions.tenant_id", "=", tenantId);
  const slugs = (await query.execute()).map((row) => row.slug);
  return notFound("RUNBOOK_NOT_FOUND", "runbook", slug, slugs, "`ntro runbook list` shows what is deployed.");
}

/** The revisions of a tenant of these workflow types. */
export async function revisionsOfTypes(
  db: Db,
  tenantId: string,
  types: readonly string[],
): Promise<{ slug: string; version: string; digest: string }[]> {
  if (types.length === 0) return [];
  return db
    .selectFrom("revisions")
    .select(["slug", "version", "digest"])
    .where("tenant_id", "=", tenantId)
    .where("workflow_type", "in", types)
    .execute();
}

/** What loading a revision showed is kept with it, and what its files alone say to whoever deploys it. */
export async function describeRevision(trx: Transaction<Tables>, id: string, found: Described): Promise<void> {
  const { requirements } = await trx
    .selectFrom("revisions")
    .select("requirements")
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const notices = [...requirementNotices(requirements?.provided ?? []), ...(found.notices ?? [])];
  const described: Described = { ...found, ...(notices.length > 0 ? { notices } : {}) };
  await trx
    .updateTable("revisions")
    .set({ described: JSON.stringify(described) })
    .where("id", "=", id)
    .execute();
}
