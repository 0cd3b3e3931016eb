import { type Entity, NtroError } from "@ntro/contract";
import { sql } from "kysely";
import { actorOf } from "../core/access";
import { normaliseName } from "../core/entity-name";
import { appendAudit } from "../store/audit";
import { type Db, inTransaction } from "../store/database";
import { type EntityRow, listEntities, requireEntity, toEntity } from "../store/entities";
import { holdActiveTenant, requireTenant } from "../store/tenants";
import type { Handlers } from "./handler";

type EntityRoute = "entities.listAll" | "entities.list" | "entities.create" | "entities.get" | "entities.update";

export const entityHandlers: Pick<Handlers, EntityRoute> = {
  "entities.listAll": async ({ db }, { caller, query }) => listEntities(db, caller.tenantId, query),
  "entities.list": async ({ db }, { caller, params, query }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    return listEntities(db, tenant.id, query);
  },
  "entities.get": async ({ db }, { caller, params }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    return toEntity(await requireEntity(db, tenant, params.entity));
  },

  "entities.create": async ({ db }, { caller, params, body, creationId }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    const row = await inTransaction(db, async (trx) => {
      await holdActiveTenant(trx, tenant.id);
      const { schema_, schema, config, ...columns } = body;
      const added = await trx
        .insertInto("entities")
        .values({
          ...columns,
          id: creationId,
          tenant_id: tenant.id,
          schema: schema ?? schema_ ?? null,
          config: config ? JSON.stringify(config) : null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (!added) return findCreated(trx, tenant, body.slug, creationId);
      const detail = { slug: added.slug, name: added.name };
      const subject = `entity:${added.id}`;
      await appendAudit(trx, {
        tenantId: tenant.id,
        actor: actorOf(caller),
        action: "entity.created",
        subject,
        detail,
      });
      return added;
    });
    return { ...toEntity(row), warnings: await duplicateWarnings(db, row) };
  },

  "entities.update": async ({ db }, { caller, params, body }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    const entity = await requireEntity(db, tenant, params.entity);
    return inTransaction(db, async (trx) => {
      const row = await trx
        .updateTable("entities")
        .set({ config: JSON.stringify(body.config), updated_at: sql<Date>`now()` })
        .where("id", "=", entity.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      const detail = { keys: Object.keys(body.config) };
      const subject = `entity:${entity.id}`;
      await appendAudit(trx, {
        tenantId: tenant.id,
        actor: actorOf(caller),
        action: "entity.configured",
        subject,
        detail,
      });
      return toEntity(row);
    });
  },
};

/** The entity an earlier attempt of the same request made; any other of this slug is in the way. */
async function findCreated(db: Db, tenant: { id: string; slug: string }, slug: string, id: string): Promise<EntityRow> {
  const row = await db
    .selectFrom("entities")
    .selectAll()
    .where("tenant_id", "=", tenant.id)
    .where("slug", "=", slug)
    .executeTakeFirst();
  if (row?.id === id) return row;
  if (row === undefined)
    throw new NtroError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key made another entity before.");
  throw new NtroError("ENTITY_EXISTS", `The tenant ${tenant.slug} already has an entity ${slug}.`, {
    hint: `\`ntro entity info ${slug} --tenant ${tenant.slug}\` shows it.`,
  });
}

/** Entities of the tenant whose names say the same company; the new one is made all the same. */
async function duplicateWarnings(db: Db, entity: EntityRow): Promise<NonNullable<Entity["warnings"]>> {
  const normalisedName = normaliseName(entity.name);
  const others = await db
    .selectFrom("entities")
    .select(["id", "slug", "name"])
    .where("tenant_id", "=", entity.tenant_id)
    .where("id", "<>", entity.id)
    .limit(5000)
    .execute();
  return others
    .filter((other) => normaliseName(other.name) === normalisedName)
    .map((existing) => ({
      kind: "duplicate_candidate",
      existing,
      normalisedName,
      message: `The entity ${existing.slug} has almost the same name: ${existing.name}.`,
    }));
}
