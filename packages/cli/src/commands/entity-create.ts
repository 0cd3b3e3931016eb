import { randomUUID } from "node:crypto";
import { defineCommand } from "../command";
import { entityFields } from "./entity-fields";
import { jsonOption, tenantOption } from "./scope-options";

export const entityCreate = defineCommand({
  name: "create",
  summary: "Create an entity of a tenant",
  examples: [
    'ntro entity create --tenant acme-fund --name "Acme SPV 1" --slug acme-spv1 --type real-estate-spv --jurisdiction Jersey --currency GBP',
  ],
  options: {
    tenant: tenantOption,
    name: { value: "name", help: "Its name" },
    slug: { value: "slug", help: "Its slug: lower-case letters, digits, hyphens" },
    type: { value: "type", help: "Such as real-estate-spv" },
    jurisdiction: { value: "name", help: "Such as Jersey" },
    currency: { value: "code", help: "ISO 4217 code, such as GBP" },
    schema: { value: "name", help: "Schema in the data platform" },
    json: jsonOption,
  },
  async run({ client, out, terminal, tenant: tenantOf }, { options }) {
    const { CreateEntity } = await import("@ntro/contract");
    const { checkBody, readJsonArgument } = await import("../json-argument");
    const { tenant: flag, json, ...flags } = options;
    const body = checkBody(CreateEntity, readJsonArgument(json, terminal.cwd), flags);
    const tenant = await tenantOf(flag);
    const api = await client();
    const entity = await api.call("entities.create", { params: { tenant }, body, idempotencyKey: randomUUID() });
    for (const warning of entity.warnings ?? [])
      out.warn(warning.message ?? `There is an entity that looks the same: ${JSON.stringify(warning.existing)}`);
    out.success(`Entity ${entity.slug} of ${tenant} is there.`);
    out.record(entity, entityFields(entity));
    return 0;
  },
});
