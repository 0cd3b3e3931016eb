import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const scheduleResume = defineCommand({
  name: "resume",
  summary: "Let a paused schedule start tasks again; what was skipped stays skipped",
  examples: ["ntro schedule resume nav-monthly --tenant acme-fund --entity acme-spv1"],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: { tenant: tenantOption, entity: entityOption },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { nextText, scheduleText } = await import("../schedule-fields");
    const { id } = await findWorkflow(context, args.workflow, options);
    const api = await context.client();
    const before = await api.call("schedules.get", { params: { id } });
    const schedule = await api.call("schedules.resume", { params: { id } });
    const shown = `The schedule of ${schedule.name ?? schedule.runbookSlug}, ${scheduleText(schedule)},`;
    if (before.paused) context.out.success(`${shown} is active again.`);
    else context.out.warn(`${shown} was not paused; nothing has changed.`);
    context.out.data(schedule, () => `next  ${nextText(schedule)}`);
    return 0;
  },
});
