import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { limitOption, tenantOption } from "./scope-options";

export const workflowBackfillStatus = defineCommand({
  name: "backfill-status",
  summary: "Show a backfill and its periods; without an id, list backfills",
  examples: [
    "ntro workflow backfill-status 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d",
    "ntro workflow backfill-status 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --wait",
    "ntro workflow backfill-status --tenant acme-fund",
  ],
  arguments: { backfill: { help: "Id", optional: true } },
  options: {
    tenant: tenantOption,
    limit: limitOption,
    wait: { help: "Watch it to its end; Ctrl-C leaves it going on" },
  },
  async run(context, { args, options }) {
    const { out } = context;
    const lines = await import("../backfill/backfill-lines");
    const api = await context.client();
    if (args.backfill === undefined) {
      const query = { tenant: await context.tenantIfAny(options.tenant), limit: parseLimit(options.limit) };
      out.list(await api.call("backfills.list", { query }), [
        { title: "ID", value: ({ id }) => id },
        { title: "WORKFLOW", value: ({ workflowName, runbookSlug }) => workflowName ?? runbookSlug },
        { title: "ENTITY", value: ({ entitySlug }) => entitySlug },
        { title: "PERIODS", value: ({ periods }) => lines.rangeOf(periods) },
        { title: "STATUS", value: ({ status }) => status },
        { title: "OUTCOMES", value: lines.countOutcomes },
      ]);
      return 0;
    }
    const backfill = await api.call("backfills.get", { params: { id: args.backfill } });
    if (options.wait) {
      const { followToEnd } = await import("../backfill/run-backfill");
      return followToEnd(context, api, backfill);
    }
    out.data(backfill, () => lines.formatBackfill(backfill, out));
    return 0;
  },
});
