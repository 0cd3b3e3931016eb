import type { Actor, TenantStatus } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import type { Services } from "./services";
import { appendAudit } from "./store/audit";
import { type Db, isStoreAway } from "./store/database";
import { appendEvents } from "./store/events";
import { revokeTenantKeys } from "./store/keys";
import type { Tables } from "./store/tables";
import { bringToSchema, createTenantDatabase, dropTenantDatabase } from "./store/tenant-provisioning";
import { tenantSchemaDigest } from "./store/tenant-schema";
import type { TenantRow } from "./store/tenants";
import { serverUrls } from "./store/workspace-database";

/** Goes on with every tenant that is being set up or taken down: what a crash interrupted, or what failed to be taken down. */
export async function resumeTenants(services: Services, actor: Actor): Promise<void> {
  const rows = await services.db
    .selectFrom("tenants")
    .select(["id", "status"])
    .where("status", "in", ["PROVISIONING", "DEPROVISIONING"])
    .execute();
  for (const { id, status } of rows)
    await (status === "PROVISIONING" ? provisionTenant : deprovisionTenant)(services, id, actor);
}

/** PROVISIONING → ACTIVE, or FAILED with a reason. Nothing happens to a tenant of another status. Throws only when Postgres is away. */
export async function provisionTenant(services: Services, tenantId: string, actor: Actor): Promise<void> {
  const { settings, log } = services;
  await withTenant(services, tenantId, "PROVISIONING", async (trx, tenant) => {
    try {
      await createTenantDatabase(serverUrls(settings.databaseUrl).maintenance, tenant, settings.secret, log);
    } catch (error) {
      if (isStoreAway(error)) throw error;
      log.error({ err: error, tenant: tenant.slug }, "a tenant's database could not be made");
      const reason = "Its database could not be made; create the tenant again with the same slug to try again.";
      return moveTenant(trx, tenant, "FAILED", actor, `${reason} ${sayShortly(error)}`);
    }
    await noteSchema(trx, tenant.id);
    await moveTenant(trx, tenant, "ACTIVE", actor, null);
  });
}

/** Brings the databases of active tenants to the schema of this server, where an earlier version made them. One that cannot be brought there is tried again later. */
export async function upgradeTenants({ db, settings, log }: Services): Promise<void> {
  const rows = await db
    .selectFrom("tenants")
    .select(["id", "slug"])
    .where("status", "=", "ACTIVE")
    .where(sql<boolean>`schema_digest is distinct from ${tenantSchemaDigest()}`)
    .execute();
  for (const { id, slug } of rows) {
    try {
      await bringToSchema(serverUrls(settings.databaseUrl).maintenance, id, log);
      await noteSchema(db, id);
    } catch (error) {
      if (isStoreAway(error)) throw error;
      log.error({ err: error, tenant: slug }, "a tenant's database could not be brought to the present schema");
    }
  }
}

async function noteSchema(db: Db, tenantId: string): Promise<void> {
  await db.updateTable("tenants").set({ schema_digest: tenantSchemaDigest() }).where("id", "=", tenantId).execute();
}

/**
 * DEPROVISIONING → DECOMMISSIONED: schedules, database, role and keys are gone. What fails is said in the tenant's `failure` and tried again by
 * {@link resumeTenants}.
 */
export async function deprovisionTenant(services: Services, tenantId: string, actor: Actor): Promise<void> {
  const { settings, tenantDatabases, log } = services;
  await withTenant(services, tenantId, "DEPROVISIONING", async (trx, tenant) => {
    try {
      await deleteSchedules(services, trx, tenant.id);
      await tenantDatabases.release(tenant.id);
      await dropTenantDatabase(serverUrls(settings.databaseUrl).maintenance, tenant.id, log);
    } catch (error) {
      if (isStoreAway(error)) throw error;
      log.error({ err: error, tenant: tenant.slug }, "a tenant could not be taken down; it is tried again");
      const failure = `It could not be taken down yet. ${sayShortly(error)}`;
      await trx.updateTable("tenants").set({ failure }).where("id", "=", tenant.id).execute();
      return;
    }
    await revokeTenantKeys(trx, tenant.id);
    await moveTenant(trx, tenant, "DECOMMISSIONED", actor, null);
  });
}

/** Sets a tenant's status, with event and audit. Call it last in a transaction. */
export async function moveTenant(
  trx: Transaction<Tables>,
  tenant: Pick<TenantRow, "id" | "slug">,
  status: TenantStatus,
  actor: Actor,
  failure: string | null,
): Promise<void> {
  await trx
    .updateTable("tenants")
    .set({ status, failure, updated_at: sql<Date>`now()` })
    .where("id", "=", tenant.id)
    .execute();
  await appendEvents(trx, [{ type: "tenant.changed", tenantId: tenant.id, data: { slug: tenant.slug, status } }]);
  const detail = { slug: tenant.slug, ...(failure === null ? {} : { failure }) };
  const action = `tenant.${status.toLowerCase()}`;
  await appendAudit(trx, { tenantId: tenant.id, actor, action, subject: `tenant:${tenant.id}`, detail });
}

/** Runs `work` while no other process works at this tenant's set-up, if it still has the status. */
async function withTenant(
  { db }: Services,
  tenantId: string,
  status: TenantStatus,
  work: (trx: Transaction<Tables>, tenant: TenantRow) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`tenant-lifecycle:${tenantId}`}, 0))`.execute(trx);
    const tenant = await trx.selectFrom("tenants").selectAll().where("id", "=", tenantId).executeTakeFirst();
    if (tenant?.status === status) await work(trx, tenant);
  });
}

async function deleteSchedules({ engine }: Services, trx: Transaction<Tables>, tenantId: string): Promise<void> {
  const workflows = await trx
    .updateTable("workflows")
    .set({ deleted_at: sql<Date>`now()` })
    .where("tenant_id", "=", tenantId)
    .where("deleted_at", "is", null)
    .returning(["id", "schedule"])
    .execute();
  for (const { id, schedule } of workflows) if (schedule !== null) await engine.schedules.remove(id);
}

/** An error's first line, without what may follow it; messages of Postgres about databases and roles hold no secrets. */
function sayShortly(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split("\n", 1)[0] ?? "").slice(0, 200);
}
