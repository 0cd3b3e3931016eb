import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { limitOption, tenantOption } from "./scope-options";

export const runbookList = defineCommand({
  name: "list",
  summary: "List runbooks that were deployed",
  examples: ["ntro runbook list", "ntro runbook list --tenant acme-fund --search nav"],
  options: {
    tenant: tenantOption,
    search: { value: "text", help: "Only those that have it in slug, name or tags" },
    limit: limitOption,
  },
  async run({ client, out, tenantIfAny }, { options }) {
    const tenant = await tenantIfAny(options.tenant);
    const api = await client();
    const query = { tenant, search: options.search, limit: parseLimit(options.limit) };
    out.list(await api.call("runbooks.list", { query }), [
      { title: "SLUG", value: (runbook) => runbook.slug },
      { title: "NAME", value: (runbook) => runbook.name },
      { title: "VERSION", value: (runbook) => runbook.version },
      { title: "STEPS", align: "right", value: (runbook) => runbook.stepCount },
      { title: "DESCRIPTION", value: (runbook) => runbook.description },
    ]);
    return 0;
  },
});
