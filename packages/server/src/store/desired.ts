import { BASE_ENVIRONMENT, type Desired, type Language, type PythonEnvironment, taskQueue } from "@ntro/contract";
import { sql } from "kysely";
import type { Db } from "./database";
import { listPending } from "./deployments";

/** Minutes after the last event of a tenant until its hosts may stop. */
const KEEP_MINUTES = 10;

type Hosts = Desired["tenants"][number]["hosts"];

/** What one host of a tenant serves: all its TypeScript revisions, or the Python ones of one environment. */
interface Place {
  readonly tenant_id: string;
  readonly language: Language;
  readonly environment: string | null;
  readonly requirements: { readonly lines: string[] } | null;
  /** Whether a task that is open, or that may start now, can come to it. */
  readonly used: boolean;
}

/** Which hosts the active tenants (null: all of them) should have now. */
export async function desiredHosts(
  db: Db,
  tenantId: string | null,
): Promise<{ id: string; slug: string; secretsVersion: number; hosts: Hosts }[]> {
  const [tenants, places, pending] = await Promise.all([
    activeTenants(db, tenantId),
    hostPlaces(db, tenantId),
    listPending(db, tenantId),
  ]);
  return tenants.map(({ id, slug, secrets_version, busy, recent }) => ({
    id,
    slug,
    secretsVersion: secrets_version,
    hosts: places
      .filter((place) => place.tenant_id === id)
      .map((place) =>
        toHost(
          slug,
          place,
          Boolean(busy || recent),
          pending.filter((row) => row.tenant_id === id),
        ),
      ),
  }));
}

function activeTenants(db: Db, tenantId: string | null) {
  const query = db
    .selectFrom("tenants as t")
    .select(["t.id", "t.slug", "t.secrets_version"])
    .select((all) => [
      all
        .exists(all.selectFrom("tasks").select("id").whereRef("tenant_id", "=", "t.id").where("closed_at", "is", null))
        .as("busy"),
      all
        .exists(
          all
            .selectFrom("events")
            .select("id")
            .whereRef("tenant_id", "=", "t.id")
            .where("at", ">", sql<Date>`now() - make_interval(mins => ${KEEP_MINUTES})`),
        )
        .as("recent"),
    ])
    .where("t.status", "=", "ACTIVE")
    .orderBy("t.slug");
  return (tenantId === null ? query : query.where("t.id", "=", tenantId)).execute();
}

/**
 * One row for each language and environment that a tenant has revisions of. It is used when one of them is current, pinned, or run by an open task. Where a current version has moved since an
 * open task started, every one that was ever ready counts: the task's children are locked to what was current then.
 */
function hostPlaces(db: Db, tenantId: string | null): Promise<Place[]> {
  const query = db
    .selectFrom("revisions as r")
    .select(["r.tenant_id", "r.language", "r.environment"])
    .select(sql<Place["requirements"]>`(array_agg(r.requirements))[1]`.as("requirements"))
    .select(
      sql<boolean>`bool_or(
        exists (select 1 from current_versions c where c.revision_id = r.id)
        or exists (select 1 from workflows w where w.tenant_id = r.tenant_id and w.runbook_slug = r.slug
                   and w.runbook_version = r.version and w.deleted_at is null)
        or exists (select 1 from tasks k where k.revision_id = r.id and k.closed_at is null)
        or (exists (select 1 from deployments d where d.revision_id = r.id and d.status = 'ready')
            and exists (select 1 from tasks k join current_versions c on c.tenant_id = k.tenant_id and c.since > k.created_at
                        where k.tenant_id = r.tenant_id and k.closed_at is null)))`.as("used"),
    )
    .groupBy(["r.tenant_id", "r.language", "r.environment"])
    .orderBy("r.language", "desc")
    .orderBy("r.environment");
  return (tenantId === null ? query : query.where("r.tenant_id", "=", tenantId)).execute();
}

function toHost(
  tenantSlug: string,
  { language, environment, requirements, used }: Place,
  active: boolean,
  pending: Awaited<ReturnType<typeof listPending>>,
): Hosts[number] {
  const deployments = pending
    .filter((row) => row.language === language && row.environment === environment)
    .map(({ id, slug, version, digest }) => ({ id, slug, version, digest }));
  return {
    language,
    queue: taskQueue(tenantSlug, language, environment),
    environment: language === "python" ? toEnvironment(environment, requirements) : null,
    wanted: (active && used) || deployments.length > 0,
    deployments,
  };
}

function toEnvironment(name: string | null, requirements: Place["requirements"]): PythonEnvironment {
  return { name: name ?? BASE_ENVIRONMENT, requirements: requirements?.lines ?? [] };
}
