import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

export const scheduleList = defineCommand({
  name: "list",
  summary: "List schedules: whether they fire, when next, and what became of the last time",
  examples: ["ntro schedule list --tenant acme-fund", "ntro schedule list -o json"],
  options: { tenant: tenantOption, entity: entityOption, limit: limitOption },
  async run({ client, out, tenantIfAny, entityIfAny }, { options }) {
    const { lastText, nextText, scheduleText } = await import("../schedule-fields");
    const [tenant, entity] = [await tenantIfAny(options.tenant), await entityIfAny(options.entity)];
    const api = await client();
    const query = { tenant, entity, limit: parseLimit(options.limit) };
    out.list(await api.call("schedules.list", { query }), [
      { title: "WORKFLOW", value: (schedule) => schedule.name ?? schedule.runbookSlug },
      { title: "ENTITY", value: (schedule) => schedule.entitySlug },
      { title: "SCHEDULE", value: scheduleText },
      { title: "STATE", value: (schedule) => (schedule.paused ? "paused" : "active") },
      { title: "NEXT", value: nextText },
      { title: "LAST", value: lastText },
      { title: "ID", value: (schedule) => schedule.workflowId },
    ]);
    return 0;
  },
});
