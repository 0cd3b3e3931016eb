import { defineCommand } from "../command";

export const workflowBackfillCancel = defineCommand({
  name: "backfill-cancel",
  summary: "Start no further period of a backfill; its open tasks go on",
  examples: ["ntro workflow backfill-cancel 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d"],
  arguments: { backfill: { help: "Id" } },
  async run({ client, out }, { args }) {
    const { formatBackfill } = await import("../backfill/backfill-lines");
    const api = await client();
    const backfill = await api.call("backfills.cancel", { params: { id: args.backfill } });
    if (backfill.status === "cancelled") out.success("The backfill is cancelled; tasks that it started go on.");
    else out.warn("The backfill had ended already.");
    out.data(backfill, () => formatBackfill(backfill, out));
    return 0;
  },
});
