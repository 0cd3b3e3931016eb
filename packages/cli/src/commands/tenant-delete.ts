import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { tenantFields } from "./tenant-fields";

export const tenantDelete = defineCommand({
  name: "delete",
  summary: "Delete a tenant with its database; this cannot be undone",
  examples: ["ntro tenant delete acme-fund --confirm acme-fund"],
  notes: "Refused while the tenant has open tasks. Its slug is never used again; its row stays in `ntro tenant list`.",
  arguments: { tenant: { help: "Slug or id" } },
  options: { confirm: { value: "slug", help: "The tenant's slug once more" } },
  async run({ client, out, terminal }, { args, options }) {
    const api = await client();
    const tenant = await api.call("tenants.get", { params: { tenant: args.tenant } });
    const { ask } = await import("../prompt");
    const confirmed =
      options.confirm ??
      (await ask(
        terminal,
        `This deletes all documents, ledgers and results of ${tenant.name}. Type its slug to go on: `,
      ));
    if (confirmed === undefined)
      throw new UsageError(
        "Deleting a tenant has to be confirmed.",
        `Add --confirm ${tenant.slug} to delete all its documents, ledgers and results.`,
      );
    if (confirmed !== tenant.slug)
      throw new UsageError(
        `"${confirmed}" is not the slug of the tenant, which is ${tenant.slug}. Nothing was deleted.`,
      );
    const deleted = await api.call("tenants.delete", { params: { tenant: tenant.id } });
    out.success(`Tenant ${deleted.slug} is ${deleted.status.toLowerCase()}.`);
    out.record(deleted, tenantFields(deleted));
    return 0;
  },
});
