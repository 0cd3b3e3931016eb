import { randomUUID } from "node:crypto";
import { defineCommand } from "../command";
import { jsonOption } from "./scope-options";
import { tenantFields } from "./tenant-fields";

export const tenantCreate = defineCommand({
  name: "create",
  summary: "Create a tenant, with a database and a role of its own",
  examples: ['ntro tenant create --name "Acme Fund" --slug acme-fund --data-platform managed-postgres'],
  options: {
    name: { value: "name", help: "Its name" },
    slug: { value: "slug", help: "Its slug: lower-case letters, digits, hyphens; never used again" },
    dataPlatform: {
      value: "platform",
      help: "Where its data lives",
      choices: ["managed-postgres", "snowflake", "microsoft-fabric"],
    },
    dataPlatformConfig: { value: "id", help: "Integration to use; not with managed-postgres" },
    noWait: { help: "Do not wait until the tenant is ready" },
    json: jsonOption,
  },
  async run({ client, out, terminal, onInterrupt }, { options }) {
    const { CreateTenant } = await import("@ntro/contract");
    const { checkBody, readJsonArgument } = await import("../json-argument");
    const { waitForTenant } = await import("../tenant-ready");
    const body = checkBody(CreateTenant, readJsonArgument(options.json, terminal.cwd), {
      name: options.name,
      slug: options.slug,
      dataPlatform: options.dataPlatform,
      dataPlatformConfigId: options.dataPlatformConfig,
    });
    const api = await client();
    onInterrupt(() => ["", `The tenant may be set up all the same. See it: ntro tenant info ${body.slug}`]);
    const created = await api.call("tenants.create", { body, idempotencyKey: randomUUID() });
    const tenant = options.noWait ? created : await waitForTenant(api, created, out);
    out.success(`Tenant ${tenant.slug} is ${tenant.status.toLowerCase()}.`);
    out.record(tenant, tenantFields(tenant));
    return tenant.status === "FAILED" ? 1 : 0;
  },
});
