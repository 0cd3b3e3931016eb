import type { Tenant } from "@ntro/contract";

/** A tenant as its panel shows it. */
export function tenantFields(tenant: Tenant): (readonly [string, unknown])[] {
  return [
    ["id", tenant.id],
    ["slug", tenant.slug],
    ["name", tenant.name],
    ["status", tenant.status],
    ["data platform", tenant.dataPlatform],
    ["entities", tenant.entityCount],
    ["created", tenant.createdAt],
  ];
}
