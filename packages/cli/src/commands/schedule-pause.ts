import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const schedulePause = defineCommand({
  name: "pause",
  summary: "Keep a schedule from starting tasks; its times are recorded as skipped until it is resumed",
  examples: [
    'ntro schedule pause nav-monthly --tenant acme-fund --entity acme-spv1 --reason "Year end is closed by hand"',
  ],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    reason: { value: "text", help: "Why; the ledger shows it with each time that is skipped" },
  },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { pausedText, scheduleText } = await import("../schedule-fields");
    const { id } = await findWorkflow(context, args.workflow, options);
    const api = await context.client();
    const before = await api.call("schedules.get", { params: { id } });
    const schedule = await api.call("schedules.pause", { params: { id }, body: { reason: options.reason } });
    const shown = `The schedule of ${schedule.name ?? schedule.runbookSlug}, ${scheduleText(schedule)},`;
    if (before.paused) context.out.warn(`${shown} is paused already; nothing has changed.`);
    else context.out.success(`${shown} is paused.`);
    context.out.data(schedule, () => pausedText(schedule) ?? "active");
    return 0;
  },
});
