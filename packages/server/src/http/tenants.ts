import { type BodyOf, NtroError } from "@ntro/contract";
import { sql } from "kysely";
import { actorOf } from "../core/access";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { inTransaction } from "../store/database";
import { listTenants, readTenant, requireTenant } from "../store/tenants";
import { deprovisionTenant, moveTenant, provisionTenant } from "../tenant-lifecycle";
import type { Caller, Handlers } from "./handler";

type TenantRoute = "tenants.list" | "tenants.create" | "tenants.get" | "tenants.update" | "tenants.delete";

export const tenantHandlers: Pick<Handlers, TenantRoute> = {
  "tenants.list": async ({ db }, { caller, query }) => listTenants(db, caller, query, query),
  "tenants.get": async ({ db }, { caller, params }) =>
    readTenant(db, (await requireTenant(db, caller, params.tenant)).id),

  "tenants.create": async (services, { caller, body, creationId }) => {
    requireManagedPostgres(body);
    const id = await recordTenant(services, caller, body, creationId);
    await provisionTenant(services, id, actorOf(caller));
    return readTenant(services.db, id);
  },

  "tenants.update": async ({ db }, { caller, params, body }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    await inTransaction(db, async (trx) => {
      await trx
        .updateTable("tenants")
        .set({ config: JSON.stringify(body.config), updated_at: sql<Date>`now()` })
        .where("id", "=", tenant.id)
        .execute();
      // Which keys are set, not to what: a configuration may hold credentials.
      const detail = { keys: Object.keys(body.config) };
      const subject = `tenant:${tenant.id}`;
      await appendAudit(trx, {
        tenantId: tenant.id,
        actor: actorOf(caller),
        action: "tenant.configured",
        subject,
        detail,
      });
    });
    return readTenant(db, tenant.id);
  },

  "tenants.delete": async (services, { caller, params }) => {
    const { db, log } = services;
    const tenant = await requireTenant(db, caller, params.tenant);
    await beginDeprovisioning(services, caller, tenant.id);
    const answer = await readTenant(db, tenant.id);
    // The published client expects DEPROVISIONING and looks again later. What is cut off here goes on at upkeep.
    deprovisionTenant(services, tenant.id, actorOf(caller)).catch((error: unknown) =>
      log.warn({ err: error, tenant: tenant.slug }, "taking a tenant down was interrupted; it goes on later"),
    );
    return answer;
  },
};

function requireManagedPostgres(body: BodyOf<"tenants.create">): void {
  const fault = (field: string, message: string, hint: string) =>
    new NtroError("REQUEST_INVALID", message, { hint, details: [{ field, message }] });
  if (body.dataPlatform !== "managed-postgres")
    throw fault("dataPlatform", `The data platform ${body.dataPlatform} is not served here.`, "Use managed-postgres.");
  if (body.dataPlatformConfigId != null)
    throw fault("dataPlatformConfigId", "managed-postgres takes no data platform configuration.", "Leave it out.");
}

/** The row of a new tenant, or of one of the same request, or of one whose set-up failed before. Gives its id. */
async function recordTenant(
  { db }: Services,
  caller: Caller,
  body: BodyOf<"tenants.create">,
  id: string,
): Promise<string> {
  return inTransaction(db, async (trx) => {
    const added = await trx
      .insertInto("tenants")
      .values({ id, name: body.name, slug: body.slug, data_platform: body.dataPlatform, status: "PROVISIONING" })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id")
      .executeTakeFirst();
    const before =
      added ?? (await trx.selectFrom("tenants").selectAll().where("slug", "=", body.slug).executeTakeFirst());
    if (before === undefined)
      throw new NtroError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key made another tenant before.");
    if (!("status" in before) || before.status === "FAILED")
      await moveTenant(trx, { id: before.id, slug: body.slug }, "PROVISIONING", actorOf(caller), null);
    else if (before.id !== id)
      throw new NtroError("TENANT_EXISTS", `The slug ${body.slug} is or was in use; slugs are never used again.`, {
        hint:
          before.status === "DECOMMISSIONED" ? "Choose another slug." : `\`ntro tenant info ${body.slug}\` shows it.`,
      });
    return before.id;
  });
}

async function beginDeprovisioning({ db }: Services, caller: Caller, tenantId: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const tenant = await trx
      .selectFrom("tenants")
      .selectAll()
      .where("id", "=", tenantId)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (tenant.status === "DEPROVISIONING" || tenant.status === "DECOMMISSIONED") return;
    if (tenant.status === "PROVISIONING")
      throw new NtroError("TENANT_NOT_ACTIVE", `The tenant ${tenant.slug} is being set up.`, {
        hint: "Try again in a moment.",
      });
    const open = await trx
      .selectFrom("tasks")
      .select("id")
      .where("tenant_id", "=", tenantId)
      .where("closed_at", "is", null)
      .limit(20)
      .execute();
    if (open.length > 0)
      throw new NtroError("TENANT_BUSY", `The tenant ${tenant.slug} still has open tasks.`, {
        hint: "Let them end, or `ntro run cancel` them; `ntro run list` shows them.",
        details: open,
      });
    await moveTenant(trx, tenant, "DEPROVISIONING", actorOf(caller), null);
  });
}
