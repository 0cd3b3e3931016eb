import { sql } from "kysely";
import type { CandidateRevision } from "../core/start-task";
import type { Db } from "./database";
import type { RevisionRow } from "./revisions";

/** A revision with what decides whether tasks may start on it, and whether a deployment of it is under way. A later deployment that is pending or failed takes nothing away. */
export type ReadyRevision = RevisionRow & CandidateRevision & { readonly pending: boolean };

function revisions(db: Db, tenantId: string) {
  return db
    .selectFrom("revisions as r")
    .leftJoin("current_versions as c", "c.revision_id", "r.id")
    .selectAll("r")
    .select(sql<boolean>`c.revision_id is not null`.as("current"))
    .select((from) =>
      from
        .selectFrom("deployments as d")
        .select((all) => all.fn.max("d.ended_at").as("at"))
        .whereRef("d.revision_id", "=", "r.id")
        .where("d.status", "=", "ready")
        .where("d.dry_run", "=", false)
        // What was pruned has to be made ready anew.
        .where("r.pruned_at", "is", null)
        .as("readyAt"),
    )
    .select(({ exists, selectFrom }) =>
      exists(
        selectFrom("deployments as d")
          .select("d.id")
          .whereRef("d.revision_id", "=", "r.id")
          .where("d.status", "=", "pending")
          .where("d.dry_run", "=", false),
      )
        .$castTo<boolean>()
        .as("pending"),
    )
    .where("r.tenant_id", "=", tenantId);
}

/** Every revision of a runbook that was deployed to a tenant, oldest first. */
export async function revisionsOf(db: Db, tenantId: string, slug: string): Promise<ReadyRevision[]> {
  return revisions(db, tenantId)
    .where("r.slug", "=", slug)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("deployments as d")
          .select("d.id")
          .whereRef("d.revision_id", "=", "r.id")
          .where("d.dry_run", "=", false),
      ),
    )
    .orderBy("r.created_at")
    .orderBy("r.id")
    .execute();
}

/** The revision of a content, whether it was deployed or only tried; undefined when there is none. */
export async function revisionOf(
  db: Db,
  tenantId: string,
  content: { readonly slug: string; readonly version: string; readonly digest: string },
): Promise<ReadyRevision | undefined> {
  let query = revisions(db, tenantId);
  for (const column of ["slug", "version", "digest"] as const) query = query.where(`r.${column}`, "=", content[column]);
  return query.executeTakeFirst();
}

/** One revision. */
export async function revisionById(db: Db, tenantId: string, id: string): Promise<ReadyRevision> {
  return revisions(db, tenantId).where("r.id", "=", id).executeTakeFirstOrThrow();
}

/** The current revision of every runbook of a tenant. */
export async function currentRevisions(db: Db, tenantId: string): Promise<ReadyRevision[]> {
  return revisions(db, tenantId).where("c.revision_id", "is not", null).orderBy("r.slug").execute();
}

/** The revision of a workflow type, or the one that an execution of it was repaired to; undefined when the tenant has none. */
export async function revisionOfType(
  db: Db,
  tenantId: string,
  workflowType: string,
  repairedTo?: string,
): Promise<ReadyRevision | undefined> {
  const query = revisions(db, tenantId);
  return repairedTo === undefined
    ? query.where("r.workflow_type", "=", workflowType).executeTakeFirst()
    : query.where("r.id", "=", repairedTo).executeTakeFirst();
}
