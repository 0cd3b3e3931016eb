import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const scheduleInfo = defineCommand({
  name: "info",
  summary: "Show the schedule of a workflow, its pauses and how its times ended",
  examples: ["ntro schedule info nav-monthly --tenant acme-fund --entity acme-spv1"],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: { tenant: tenantOption, entity: entityOption },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { scheduleFields } = await import("../schedule-fields");
    const { id } = await findWorkflow(context, args.workflow, options);
    const api = await context.client();
    const schedule = await api.call("schedules.get", { params: { id } });
    context.out.record(schedule, scheduleFields(schedule));
    return 0;
  },
});
