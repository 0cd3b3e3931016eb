import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { limitOption, tenantOption } from "./scope-options";

export const entityList = defineCommand({
  name: "list",
  summary: "List entities, of one tenant or of all",
  examples: ["ntro entity list --tenant acme-fund", "ntro entity list -o json"],
  options: { tenant: tenantOption, limit: limitOption },
  async run({ client, out, tenantIfAny }, { options }) {
    const query = { limit: parseLimit(options.limit) };
    const tenant = await tenantIfAny(options.tenant);
    const api = await client();
    const entities =
      tenant === undefined
        ? await api.call("entities.listAll", { query })
        : await api.call("entities.list", { params: { tenant }, query });
    out.list(entities, [
      { title: "SLUG", value: (entity) => entity.slug },
      { title: "NAME", value: (entity) => entity.name },
      { title: "TYPE", value: (entity) => entity.type },
      { title: "CURRENCY", value: (entity) => entity.currency },
      { title: "ID", value: (entity) => entity.id },
      { title: "TENANT", value: (entity) => entity.tenantId },
    ]);
    return 0;
  },
});
