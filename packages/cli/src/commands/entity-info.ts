import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { entityFields } from "./entity-fields";
import { tenantOption } from "./scope-options";

export const entityInfo = defineCommand({
  name: "info",
  summary: "Show an entity",
  examples: ["ntro entity info acme-spv1 --tenant acme-fund"],
  arguments: { entity: { help: "Slug or id; left out, the entity that other commands would use", optional: true } },
  options: { tenant: tenantOption },
  async run({ client, out, tenant: tenantOf, entityIfAny }, { args, options }) {
    const tenant = await tenantOf(options.tenant);
    const entity = await entityIfAny(args.entity);
    if (entity === undefined)
      throw new UsageError("Which entity is not said.", `\`ntro entity list --tenant ${tenant}\` shows them.`);
    const api = await client();
    const found = await api.call("entities.get", { params: { tenant, entity } });
    out.record(found, entityFields(found));
    return 0;
  },
});
