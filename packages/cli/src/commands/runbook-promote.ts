import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { tenantOption } from "./scope-options";

export const runbookPromote = defineCommand({
  name: "promote",
  summary: "Make a version current: unpinned workflows run it from their next task on",
  examples: ["ntro runbook promote nav-monthly@0.0.9 --tenant acme-fund"],
  notes: "Tasks in flight finish on the version they started with.",
  arguments: { runbook: { help: "<slug>@<version>" } },
  options: { tenant: tenantOption },
  async run({ client, out, tenant: tenantOf }, { args, options }) {
    const at = args.runbook.indexOf("@");
    const [slug, version] = [args.runbook.slice(0, at), args.runbook.slice(at + 1)];
    if (at < 1 || version === "")
      throw new UsageError(`"${args.runbook}" names no version.`, "Type it like nav-monthly@0.0.9.");
    const tenant = await tenantOf(options.tenant);
    const api = await client();
    const promoted = await api.call("runbooks.promote", { params: { slug }, body: { tenantSlug: tenant, version } });
    out.success(
      `${slug}@${promoted.version} is current for ${tenant}: unpinned workflows run it from their next task on.`,
    );
    out.record(promoted, [
      ["runbook", promoted.slug],
      ["version", promoted.version],
      ["digest", promoted.digest],
      ["tenant", promoted.tenantSlug],
      ["pinned to it", promoted.pinnedBy.map(({ id, name }) => name ?? id).join(", ")],
    ]);
    return 0;
  },
});
