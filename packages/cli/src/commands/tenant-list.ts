import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { limitOption } from "./scope-options";

const STATUSES = [
  "REQUESTED",
  "PROVISIONING",
  "ACTIVE",
  "SUSPENDED",
  "DEPROVISIONING",
  "FAILED",
  "DECOMMISSIONED",
] as const;

export const tenantList = defineCommand({
  name: "list",
  summary: "List tenants",
  examples: ["ntro tenant list", "ntro tenant list --status ACTIVE -o json"],
  options: { status: { value: "status", help: "Only those of this status", choices: STATUSES }, limit: limitOption },
  async run({ client, out }, { options }) {
    const status = STATUSES.find((known) => known === options.status);
    const api = await client();
    const tenants = await api.call("tenants.list", { query: { status, limit: parseLimit(options.limit) } });
    out.list(tenants, [
      { title: "SLUG", value: (tenant) => tenant.slug },
      { title: "NAME", value: (tenant) => tenant.name },
      { title: "STATUS", value: (tenant) => tenant.status },
      { title: "ENTITIES", align: "right", value: (tenant) => tenant.entityCount },
      { title: "ID", value: (tenant) => tenant.id },
    ]);
    return 0;
  },
});
