import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { entityOption, jsonOption, tenantOption } from "./scope-options";

export const workflowUpdate = defineCommand({
  name: "update",
  summary: "Change a workflow; what is not named stays",
  examples: [
    'ntro workflow update nav-monthly --tenant acme-fund --schedule "0 8 5 * *" --timezone Europe/London',
    "ntro workflow update nav-monthly --tenant acme-fund --pin 0.0.9",
    "ntro workflow update nav-monthly --tenant acme-fund --no-schedule",
  ],
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    name: { value: "name", help: "Its name" },
    description: { value: "text", help: "What it is for" },
    schedule: { value: "cron", help: 'Five fields, such as "0 8 5 * *"' },
    noSchedule: { help: "Take the schedule off" },
    timezone: { value: "zone", help: "IANA time zone of the schedule, such as Europe/London" },
    pin: { value: "version", help: "Pin it to this version" },
    unpin: { help: "Follow the current version" },
    json: jsonOption,
  },
  conflicts: [
    ["schedule", "noSchedule"],
    ["pin", "unpin"],
    ["timezone", "noSchedule"],
  ],
  async run(context, { args, options }) {
    const { UpdateWorkflow } = await import("@ntro/contract");
    const { findWorkflow } = await import("../find-workflow");
    const { checkBody, readJsonArgument } = await import("../json-argument");
    const { workflowFields } = await import("../workflow-fields");
    const body = checkBody(UpdateWorkflow, readJsonArgument(options.json, context.terminal.cwd), {
      name: options.name,
      description: options.description,
      schedule: options.noSchedule ? null : options.schedule,
      timezone: options.noSchedule ? null : options.timezone,
      runbookVersion: options.unpin ? null : options.pin,
    });
    if (Object.keys(body).length === 0)
      throw new UsageError("Nothing to change is named.", "Add --help to see what can be changed.");
    const before = await findWorkflow(context, args.workflow, options);
    if (body.timezone && !body.schedule && !before.schedule)
      throw new UsageError("--timezone needs a schedule.", 'Add --schedule "<cron>".');
    const api = await context.client();
    const workflow = await api.call("workflows.update", { params: { id: before.id }, body });
    context.out.success(`Workflow ${workflow.name ?? workflow.runbookSlug} is updated.`);
    context.out.record(workflow, workflowFields(workflow));
    return 0;
  },
});
