import type { Entity } from "@ntro/contract";

/** An entity as its panel shows it. */
export function entityFields(entity: Entity): (readonly [string, unknown])[] {
  return [
    ["id", entity.id],
    ["slug", entity.slug],
    ["name", entity.name],
    ["tenant", entity.tenantId],
    ["type", entity.type],
    ["jurisdiction", entity.jurisdiction],
    ["currency", entity.currency],
    ["schema", entity.schema ?? entity.schema_],
    ["created", entity.createdAt],
  ];
}
