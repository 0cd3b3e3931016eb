import { defineCommand } from "../command";
import { tenantOption } from "./scope-options";

export const runbookVersions = defineCommand({
  name: "versions",
  summary: "List the versions of a runbook: which is current, who is pinned to it, what still runs on it",
  examples: ["ntro runbook versions nav-monthly --tenant acme-fund"],
  notes: `Each content that was uploaded stands on its own line; * marks the one that unpinned workflows run. TASKS counts open tasks that started on it, and
those whose children of this runbook would be it. A pruned version has no files any more: nothing used it.`,
  arguments: { slug: { help: "The runbook's slug" } },
  options: { tenant: tenantOption },
  async run({ client, out, tenantIfAny }, { args, options }) {
    const tenant = await tenantIfAny(options.tenant);
    const api = await client();
    const versions = await api.call("runbooks.versions", { params: { slug: args.slug }, query: { tenant } });
    const { versionsText } = await import("../versions/versions-text");
    out.data(versions, () => versionsText(versions, out.colour));
    const { printable } = await import("../output");
    for (const { version, digest, notices } of versions)
      for (const notice of notices)
        out.say(out.colourOfMessages.dim(`${version} (${digest.slice(0, 12)}): ${printable(notice)}`));
    return 0;
  },
});
