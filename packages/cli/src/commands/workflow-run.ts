import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { entityOption, jsonOption, tenantOption } from "./scope-options";
import { WATCH_NOTES, watchOptions } from "./watch-options";

export const workflowRun = defineCommand({
  name: "run",
  summary: "Start a task of a workflow",
  examples: [
    "ntro workflow run nav-monthly --tenant acme-fund --entity acme-spv1 --period 2026-03 --wait",
    "ntro workflow run nav-monthly --tenant acme-fund --entity acme-spv1 --param materiality=250.00 --wait --timeout 30m --no-wait-human",
  ],
  notes: WATCH_NOTES,
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    period: { value: "YYYY-MM", help: "Accounting period" },
    priority: { value: "priority", help: "LOW, NORMAL or HIGH; shown with the task" },
    dryRun: { help: "Ask the runbook to change nothing outside" },
    param: { value: "key=value", repeat: true, help: "A start parameter of the runbook; may be repeated" },
    json: jsonOption,
    ...watchOptions,
  },
  async run(context, { args, options }) {
    if (!options.wait && (options.timeout !== undefined || options.noWaitHuman))
      throw new UsageError("--timeout and --no-wait-human need --wait.", "Add --wait.");
    const { startTask } = await import("../task/start-task");
    return startTask(context, args.workflow, options);
  },
});
