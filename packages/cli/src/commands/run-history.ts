import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

export const runHistory = defineCommand({
  name: "history",
  summary: "List the tasks of an entity, newest first",
  examples: ["ntro run history --tenant acme-fund --entity acme-spv1"],
  options: { tenant: tenantOption, entity: entityOption, limit: limitOption },
  async run(context, { options }) {
    const { taskColumns } = await import("../task/task-fields");
    const tenant = await context.tenant(options.tenant);
    const entity = await context.entityIfAny(options.entity);
    if (entity === undefined)
      throw new UsageError(
        "Which entity is not said.",
        `Add --entity <slug>; \`ntro run list --tenant ${tenant}\` lists all.`,
      );
    const api = await context.client();
    const query = { limit: parseLimit(options.limit) };
    context.out.list(await api.call("entities.tasks", { params: { tenant, entity }, query }), taskColumns);
    return 0;
  },
});
