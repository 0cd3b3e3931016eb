import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

const STATUSES = ["PENDING", "READY", "IN_PROGRESS", "BLOCKED", "COMPLETED", "FAILED"] as const;

export const runList = defineCommand({
  name: "list",
  summary: "List tasks, newest first",
  examples: ["ntro run list --tenant acme-fund", "ntro run list --status FAILED -o json"],
  options: {
    tenant: tenantOption,
    entity: entityOption,
    status: { value: "status", help: "Only those of this status", choices: STATUSES },
    limit: limitOption,
  },
  async run(context, { options }) {
    const { listTasks } = await import("../task/list-tasks");
    const status = STATUSES.find((known) => known === options.status);
    return listTasks(context, { ...options, status, limit: parseLimit(options.limit) });
  },
});
