import type { HeldRevisions } from "@ntro/contract";
import { sql } from "kysely";
import type { Access } from "../core/access";
import type { Db } from "./database";

type Held = HeldRevisions["revisions"];

/** Those of the given revisions (tenants by slug) that are pruned and not being made ready again, as far as the caller may know. */
export async function prunedAmong(db: Db, access: Access, held: Held): Promise<Held> {
  if (held.length === 0) return [];
  const { rows } = await sql<Held[number]>`
    select t.slug as tenant, r.slug, r.version, r.digest
    from jsonb_to_recordset(${JSON.stringify(held)}::jsonb) as h(tenant text, slug text, version text, digest text)
    join tenants t on t.slug = h.tenant
    join revisions r on r.tenant_id = t.id and r.slug = h.slug and r.version = h.version and r.digest = h.digest
    where r.pruned_at is not null
      and (${access.tenantId}::uuid is null or t.id = ${access.tenantId}::uuid)
      and not exists (select from deployments d where d.revision_id = r.id and d.status = 'pending' and not d.dry_run)`.execute(
    db,
  );
  return rows;
}

/** When a revision was last pruned, of whatever tenant; null when none ever was. */
export async function lastPruned(db: Db): Promise<Date | null> {
  const row = await db
    .selectFrom("revisions")
    .select((all) => all.fn.max("pruned_at").as("at"))
    .where("pruned_at", "is not", null)
    .executeTakeFirst();
  return row?.at ?? null;
}
