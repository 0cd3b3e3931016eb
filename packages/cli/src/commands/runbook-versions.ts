import { defineCommand } from "../command";
import { tenantOption } from "./scope-options";

export const runbookVersions = defineCommand({
  name: "versions",
  summary: "List the versions of a runbook: which is current, who is pinned to it, what still runs on it",
  examples: ["ntro runbook versions nav-monthly --tenant acme-fund"],
  arguments: { slug: { help: "The runbook's slug" } },
  options: { tenant: tenantOption },
  async run({ client, out, tenantIfAny }, { args, options }) {
    const tenant = await tenantIfAny(options.tenant);
    const api = await client();
    const versions = await api.call("runbooks.versions", { params: { slug: args.slug }, query: { tenant } });
    out.list(versions, [
      { title: "", value: (version) => (version.current ? "*" : "") },
      { title: "VERSION", value: (version) => version.version },
      { title: "DIGEST", value: (version) => version.digest.slice(0, 12) },
      { title: "STATUS", value: (version) => version.status },
      { title: "TENANT", value: (version) => version.tenantSlug },
      { title: "PINNED BY", value: (version) => version.pinnedBy.map(({ id, name }) => name ?? id).join(", ") },
      { title: "OPEN TASKS", align: "right", value: (version) => version.openTasks },
      { title: "DEPLOYED", value: (version) => version.createdAt },
      { title: "BY", value: (version) => version.deployedBy },
    ]);
    const { printable } = await import("../output");
    for (const { version, digest, notices } of versions)
      for (const notice of notices)
        out.say(out.colourOfMessages.dim(`${version} (${digest.slice(0, 12)}): ${printable(notice)}`));
    return 0;
  },
});
