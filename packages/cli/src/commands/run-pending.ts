import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

export const runPending = defineCommand({
  name: "pending",
  summary: "List tasks that wait for a person",
  examples: ["ntro run pending", "ntro run pending --tenant acme-fund -o json"],
  options: { tenant: tenantOption, entity: entityOption, limit: limitOption },
  async run(context, { options }) {
    const { listTasks } = await import("../task/list-tasks");
    return listTasks(context, { ...options, status: "BLOCKED", limit: parseLimit(options.limit) });
  },
});
