import { BASE_ENVIRONMENT, type Desired, type Language, type PythonEnvironment, taskQueue } from "@ntro/contract";
import { sql } from "kysely";
import type { Db } from "./database";
import { listPending } from "./deployments";
import { isOf, listRepairs, listReplays } from "./host-repairs";

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
  const [tenants, places, pending, repairs, replays] = await Promise.all([
    activeTenants(db, tenantId),
    hostPlaces(db, tenantId),
    listPending(db, tenantId),
    listRepairs(db, tenantId),
    listReplays(db, tenantId),
  ]);
  return tenants.map(({ id, slug, secrets_version, busy, recent }) => ({
    id,
    slug,
    secretsVersion: secrets_version,
    hosts: places
      .filter((place) => place.tenant_id === id)
      .map((place) =>
        toHost(slug, place, Boolean(busy || recent), {
          pending: pending.filter(isOf(place)),
          repairs: repairs.filter(isOf(place)),
          replays: replays.filter(isOf(place)),
        }),
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
      // Uncorrelated, so that each is read once however many revisions there are.
      sql<boolean>`bool_or(
        r.id in (select revision_id from current_versions)
        or (r.tenant_id, r.slug, r.version) in
           (select tenant_id, runbook_slug, runbook_version from workflows where runbook_version is not null and deleted_at is null)
        or r.id in (select revision_id from tasks where closed_at is null)
        or (r.id in (select revision_id from deployments where status = 'ready') and r.tenant_id in
           (select open.tenant_id
            from (select tenant_id, min(created_at) as since from tasks where closed_at is null group by tenant_id) open
            join (select tenant_id, max(since) as at from current_versions group by tenant_id) moved
              on moved.tenant_id = open.tenant_id and moved.at > open.since)))`.as("used"),
    )
    .groupBy(["r.tenant_id", "r.language", "r.environment"])
    .orderBy("r.language", "desc")
    .orderBy("r.environment");
  return (tenantId === null ? query : query.where("r.tenant_id", "=", tenantId)).execute();
}

/** What a host has to know and to do. */
interface HostWork {
  readonly pending: Awaited<ReturnType<typeof listPending>>;
  readonly repairs: Awaited<ReturnType<typeof listRepairs>>;
  readonly replays: Awaited<ReturnType<typeof listReplays>>;
}

function toHost(
  tenantSlug: string,
  { language, environment, requirements, used }: Place,
  active: boolean,
  { pending, repairs, replays }: HostWork,
): Hosts[number] {
  return {
    language,
    queue: taskQueue(tenantSlug, language, environment),
    environment: language === "python" ? toEnvironment(environment, requirements) : null,
    wanted: (active && used) || pending.length > 0 || replays.length > 0,
    deployments: pending.map(({ id, slug, version, digest }) => ({ id, slug, version, digest })),
    repairs: repairs.map(({ workflowId, number, type }) => ({ workflowId, number, type })),
    replays: replays.map(({ id, workflowId, type }) => ({ id, workflowId, type })),
  };
}

function toEnvironment(name: string | null, requirements: Place["requirements"]): PythonEnvironment {
  return { name: name ?? BASE_ENVIRONMENT, requirements: requirements?.lines ?? [] };
}
