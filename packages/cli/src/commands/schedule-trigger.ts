import { defineCommand } from "../command";
import { entityOption, tenantOption } from "./scope-options";

export const scheduleTrigger = defineCommand({
  name: "trigger",
  summary: "Start a task as the schedule would: now, or for a time that was missed, failed or skipped",
  examples: [
    "ntro schedule trigger nav-monthly --tenant acme-fund --entity acme-spv1",
    "ntro schedule trigger nav-monthly --tenant acme-fund --entity acme-spv1 --for 2026-11-05T08:00Z",
  ],
  notes: `Without --for the task is for the period of now, and the schedule's own times stay as they are.
With it, that time of the ledger ran: \`ntro schedule ledger\` lists them, and keeps what had become of it and who ran it.`,
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    for: { value: "time", help: "A time of the ledger with its offset, such as 2026-11-05T08:00Z" },
  },
  async run(context, { args, options }) {
    const { findWorkflow } = await import("../find-workflow");
    const { formatTask } = await import("../task/task-fields");
    const { parseInstant } = await import("../instant");
    const time = options.for === undefined ? undefined : parseInstant(options.for, "--for");
    const { id } = await findWorkflow(context, args.workflow, options);
    const api = await context.client();
    const task = await api.call("schedules.trigger", { params: { id }, body: time === undefined ? {} : { for: time } });
    context.out.success(`Task ${task.id} is started: ${task.title}, ${task.runbookSlug}@${task.runbookVersion}`);
    context.out.data(task, () => formatTask(task, context.out));
    context.out.say(`Watch it: ntro run status ${task.id} --wait`);
    return 0;
  },
});
