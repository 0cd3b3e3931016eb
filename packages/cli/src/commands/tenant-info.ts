import { defineCommand } from "../command";
import { tenantFields } from "./tenant-fields";

export const tenantInfo = defineCommand({
  name: "info",
  summary: "Show a tenant",
  examples: ["ntro tenant info acme-fund"],
  arguments: { tenant: { help: "Slug or id; left out, the tenant that other commands would use", optional: true } },
  async run({ client, out, tenant: tenantOf }, { args }) {
    const slug = await tenantOf(args.tenant);
    const api = await client();
    const tenant = await api.call("tenants.get", { params: { tenant: slug } });
    out.record(tenant, tenantFields(tenant));
    return 0;
  },
});
