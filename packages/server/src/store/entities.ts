import type { Entity } from "@ntro/contract";
import type { Selectable } from "kysely";
import * as z from "zod";
import { notFound } from "../core/not-found";
import type { Db } from "./database";
import { type Page, type PageRequest, readPage } from "./pages";
import type { Tables } from "./tables";

export type EntityRow = Selectable<Tables["entities"]>;

/**
 * The entity of an id or slug within a tenant.
 * @throws NtroError `ENTITY_NOT_FOUND` with the near ones
 */
export async function requireEntity(
  db: Db,
  tenant: { id: string; slug: string },
  reference: string,
): Promise<EntityRow> {
  const isId = z.uuid().safeParse(reference).success;
  const row = await db
    .selectFrom("entities")
    .selectAll()
    .where("tenant_id", "=", tenant.id)
    .where(isId ? "id" : "slug", "=", reference)
    .executeTakeFirst();
  if (row) return row;
  const names = await db.selectFrom("entities").select("slug").where("tenant_id", "=", tenant.id).limit(1000).execute();
  const slugs = names.map(({ slug }) => slug);
  const otherwise = `\`ntro entity list --tenant ${tenant.slug}\` shows what there is.`;
  throw notFound("ENTITY_NOT_FOUND", "entity", reference, slugs, otherwise);
}

/** One page of entities, oldest first: of one tenant, or of all when null. */
export async function listEntities(db: Db, tenantId: string | null, page: PageRequest): Promise<Page<Entity[]>> {
  let query = db.selectFrom("entities").selectAll();
  if (tenantId !== null) query = query.where("tenant_id", "=", tenantId);
  return readPage(query, "entities", "asc", page, toEntity);
}

/** An entity as it is answered. */
export function toEntity(row: EntityRow): Entity {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    tenantId: row.tenant_id,
    type: row.type,
    jurisdiction: row.jurisdiction,
    currency: row.currency,
    schema: row.schema,
    schema_: row.schema,
    config: row.config,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
