import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

export const runIncoming = defineCommand({
  name: "incoming",
  summary: "List tasks that are ready and have not begun",
  examples: ["ntro run incoming", "ntro run incoming --tenant acme-fund"],
  options: { tenant: tenantOption, entity: entityOption, limit: limitOption },
  async run(context, { options }) {
    const { listTasks } = await import("../task/list-tasks");
    return listTasks(context, { ...options, status: "READY", limit: parseLimit(options.limit) });
  },
});
