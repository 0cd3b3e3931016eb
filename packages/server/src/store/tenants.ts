import { NtroError, type Tenant, type TenantStatus } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import * as z from "zod";
import { type Access, mayTouch } from "../core/access";
import { notFound } from "../core/not-found";
import type { Db } from "./database";
import { type Page, type PageRequest, readPage } from "./pages";
import type { Tables } from "./tables";

export type TenantRow = Selectable<Tables["tenants"]>;

/** How many names a "did you mean" is looked for among. */
const NAMES = 1000;

const entityCount = sql<string>`(select count(*) from entities where entities.tenant_id = tenants.id)`.as(
  "entity_count",
);

/**
 * The tenant of an id or slug.
 * @throws NtroError `TENANT_NOT_FOUND`, the same whether it is not there or not the caller's
 */
export async function requireTenant(db: Db, access: Access, reference: string): Promise<TenantRow> {
  const isId = z.uuid().safeParse(reference).success;
  const row = await db
    .selectFrom("tenants")
    .selectAll()
    .where(isId ? "id" : "slug", "=", reference)
    .executeTakeFirst();
  if (row && mayTouch(access, row.id)) return row;
  let names = db
    .selectFrom("tenants")
    .select("slug")
    .where("status", "<>", "DECOMMISSIONED")
    .orderBy("slug")
    .limit(NAMES);
  if (access.tenantId !== null) names = names.where("id", "=", access.tenantId);
  const slugs = (await names.execute()).map(({ slug }) => slug);
  throw notFound("TENANT_NOT_FOUND", "tenant", reference, slugs, "`ntro tenant list` shows those you may see.");
}

/**
 * Makes sure that a tenant is active and stays so until the transaction ends; whatever starts work for a tenant does this first.
 * @throws NtroError `TENANT_NOT_ACTIVE`
 */
export async function holdActiveTenant(trx: Transaction<Tables>, tenantId: string): Promise<TenantRow> {
  const row = await trx
    .selectFrom("tenants")
    .selectAll()
    .where("id", "=", tenantId)
    .forShare()
    .executeTakeFirstOrThrow();
  requireActive(row);
  return row;
}

/** @throws NtroError `TENANT_NOT_ACTIVE` */
export function requireActive(tenant: Pick<TenantRow, "slug" | "status" | "failure">): void {
  if (tenant.status === "ACTIVE") return;
  throw new NtroError("TENANT_NOT_ACTIVE", `The tenant ${tenant.slug} is ${tenant.status}, not ACTIVE.`, {
    hint: tenant.failure ?? (tenant.status === "PROVISIONING" ? "Try again in a moment." : undefined),
  });
}

/** One page of the tenants a caller may see, oldest first; without a status all but those that are gone. */
export async function listTenants(
  db: Db,
  access: Access,
  filter: { status?: TenantStatus | undefined },
  page: PageRequest,
): Promise<Page<Tenant[]>> {
  let query = db.selectFrom("tenants").selectAll("tenants").select(entityCount);
  query = filter.status ? query.where("status", "=", filter.status) : query.where("status", "<>", "DECOMMISSIONED");
  if (access.tenantId !== null) query = query.where("id", "=", access.tenantId);
  return readPage(query, "tenants", "asc", page, (row) => toTenant(row));
}

/** A tenant as it is answered. */
export async function readTenant(db: Db, tenantId: string): Promise<Tenant> {
  const query = db.selectFrom("tenants").selectAll("tenants").select(entityCount).where("id", "=", tenantId);
  return toTenant(await query.executeTakeFirstOrThrow());
}

function toTenant(row: TenantRow & { entity_count: string }): Tenant {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    dataPlatform: row.data_platform,
    dataPlatformConfigId: row.data_platform_config_id,
    status: row.status,
    failure: row.failure,
    config: row.config,
    entityCount: Number(row.entity_count),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
