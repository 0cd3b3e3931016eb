import type { Language } from "@ntro/contract";
import { sql } from "kysely";
import type { Db } from "./database";

/** The host that something is for: of a tenant the one of all its TypeScript revisions, or of the Python ones of one environment. */
export interface HostPlace {
  readonly tenant_id: string;
  readonly language: Language;
  readonly environment: string | null;
}

/** Whether something is for the host of a place. */
export function isOf(place: HostPlace) {
  return (other: HostPlace): boolean =>
    other.tenant_id === place.tenant_id && other.language === place.language && other.environment === place.environment;
}

/** A host that something in use needs. */
export interface UsedPlace extends HostPlace {
  readonly tenant_slug: string;
  readonly secrets_version: number;
  readonly requirements: { readonly lines: string[] } | null;
  /** Whether it should run now. The others are asleep: open tasks may come to them, and all of those wait for people. */
  readonly wanted: boolean;
}

/** Whether open tasks of a tenant may need a host that is not wanted now. */
export async function isAsleep(db: Db, tenantId: string, idleMs: number): Promise<boolean> {
  return (await hostPlaces(db, tenantId, idleMs)).some(({ wanted }) => !wanted);
}

/** Of which tenants: of one, or of all that are active where null. */
export type Scope = string | null;

/**
 * The hosts that something in use needs, by tenant: those of revisions that are current or pinned while the tenant is in use (an event, or a call that needed workflow code, within the idle time), that an
 * open task runs or its lock names for its children, that are being deployed, or that a history waits to be tried on. For a tenant that is not in use, an open task wants its hosts unless it waits for people:
 * PENDING, READY and IN_PROGRESS tasks are at work (a timer and the pause before an activity is tried again are work too), and so is a BLOCKED one whose code is failing, as it is tried again.
 *
 * It begins at what is in use, so that it takes the same time however many revisions were ever deployed.
 */
export async function hostPlaces(db: Db, scope: Scope, idleMs: number): Promise<UsedPlace[]> {
  const { rows } = await sql<UsedPlace>`
    with tenant as materialized (
      select t.id, t.slug, t.secrets_version, coalesce(t.awake_at > idle.since, false)
          or exists (select 1 from events e where e.tenant_id = t.id and e.at > idle.since) as in_use
      from tenants t, (select now() - ${idleMs}::float8 * interval '1 millisecond' as since) idle
      where t.status = 'ACTIVE' and (${scope}::uuid is null or t.id = ${scope}::uuid)
    ), open as materialized (
      select t.tenant_id, t.revision_id, t.lock,
        bool_or(tenant.in_use or t.status <> 'BLOCKED' or t.failure is not null) as wanted
      from tasks t join tenant on tenant.id = t.tenant_id
      where t.closed_at is null
      group by t.tenant_id, t.revision_id, t.lock
    ), needed as (
      select c.revision_id, true as wanted
      from tenant join current_versions c on c.tenant_id = tenant.id where tenant.in_use
      union all
      select r.id, true
      from tenant join workflows w on w.tenant_id = tenant.id
      join revisions r on r.tenant_id = w.tenant_id and r.slug = w.runbook_slug and r.version = w.runbook_version
      where tenant.in_use and w.deleted_at is null
      union all
      select revision_id, wanted from open
      union all
      select r.id, open.wanted
      from open cross join jsonb_each(open.lock) child
      join revisions r on r.tenant_id = open.tenant_id and r.workflow_type = child.value->>'type'
      union all
      -- The lock of an old task is not known: its children may be anything that was ever ready.
      select d.revision_id, open.wanted
      from open join deployments d on d.tenant_id = open.tenant_id and d.status = 'ready' and not d.dry_run where open.lock is null
      union all
      select d.revision_id, true
      from tenant join deployments d on d.tenant_id = tenant.id where d.status = 'pending'
      union all
      select to_revision, true from repair_checks where status = 'waiting'
    )
    select r.tenant_id, tenant.slug as tenant_slug, tenant.secrets_version, r.language, r.environment,
      (array_agg(r.requirements))[1] as requirements, bool_or(needed.wanted) as wanted
    from needed
    -- One look-up for each: joined otherwise, Postgres may read all revisions.
    cross join lateral (
      select tenant_id, language, environment, requirements from revisions where id = needed.revision_id limit 1) r
    join tenant on tenant.id = r.tenant_id
    group by r.tenant_id, tenant.slug, tenant.secrets_version, r.language, r.environment
    order by tenant.slug, r.language desc, r.environment`.execute(db);
  return rows;
}
