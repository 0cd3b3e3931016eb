import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const workflowBackfill = defineCommand({
  name: "backfill",
  summary: "Start one task for each period of a range, the oldest first",
  examples: [
    "ntro workflow backfill nav-monthly --tenant acme-fund --entity acme-spv1 --from 2026-01 --to 2026-03",
    "ntro workflow backfill nav-monthly --tenant acme-fund --from 2025-01 --to 2025-12 --max-parallel 3 --dry-run",
  ],
  notes: `A period that a completed task ran for is left out unless --again is given, one whose task is open always; one that failed is run again. When a task
fails the next period starts all the same. Ctrl-C ends only the watching: the backfill goes on by itself until it is cancelled.
Exit codes: 0 every period ran · 1 one failed, was refused or was not started.`,
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    from: { value: "YYYY-MM", help: "First period", required: true },
    to: { value: "YYYY-MM", help: "Last period", required: true },
    maxParallel: { value: "n", help: "How many of its tasks may be open at once, 1 to 20 (default 1)" },
    again: { help: "Also periods that ran before" },
    param: { value: "key=value", repeat: true, help: "A start parameter of every task; may be repeated" },
    dryRun: { help: "Only show what would be started" },
    noWait: { help: "Do not watch it" },
  },
  conflicts: [["dryRun", "noWait"]],
  async run(context, { args, options }) {
    const { runBackfill } = await import("../backfill/run-backfill");
    return runBackfill(context, args.workflow, options);
  },
});
