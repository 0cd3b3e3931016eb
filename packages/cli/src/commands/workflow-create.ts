import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { entityOption, tenantOption } from "./scope-options";

export const workflowCreate = defineCommand({
  name: "create",
  summary: "Deploy a runbook to a tenant and bind it to an entity",
  examples: [
    "ntro workflow create --path ./runbooks/nav-monthly/ --tenant acme-fund --entity acme-spv1 --pin",
    'ntro workflow create --path ./runbooks/nav-monthly/ --tenant acme-fund --entity acme-spv1 --schedule "0 8 5 * *" --timezone Europe/London',
    "ntro workflow create --path ./runbooks/nav-monthly@0.0.9/ --tenant acme-fund --entity acme-spv1 --pin",
    "ntro workflow create --path ./runbooks/nav-monthly/ --tenant acme-fund --entity acme-spv1 --dry-run",
  ],
  notes: `What is already bound is updated; what is not named stays as it is. It ends once a worker has loaded the version.
A path that ends in <slug>@<version> and is no folder means that version as the server holds it: a rollback needs no old source.`,
  options: {
    path: { value: "folder", required: true, help: "Folder of the runbook: runbook.md and templates/" },
    tenant: tenantOption,
    entity: entityOption,
    name: { value: "name", help: "Name of the workflow, where an entity has several of one runbook" },
    description: { value: "text", help: "What it is for" },
    schedule: { value: "cron", help: 'Run it by itself: five fields, such as "0 8 5 * *"' },
    noSchedule: { help: "Take the schedule off" },
    timezone: { value: "zone", help: "IANA time zone of the schedule, such as Europe/London (default UTC)" },
    pin: { help: "Use exactly this version, whatever is deployed later" },
    unpin: { help: "Follow the current version" },
    dryRun: { help: "Check it on a worker and show what would change; change nothing" },
  },
  conflicts: [
    ["schedule", "noSchedule"],
    ["timezone", "noSchedule"],
    ["pin", "unpin"],
  ],
  async run(context, { options }) {
    const { readSource } = await import("../deploy/source");
    const source = readSource(options.path, context.terminal.cwd);
    const tenant = await context.tenant(options.tenant);
    const entity = await context.entityIfAny(options.entity);
    checkFlags(options, entity);
    if (source.kind === "held" && !options.pin)
      throw new UsageError(
        `There is no folder ${options.path}; version ${source.version} of the server can only be bound pinned.`,
        `Add --pin, or make it current for all: ntro runbook promote ${source.slug}@${source.version} --tenant ${tenant}`,
      );
    const { createWorkflow } = await import("../deploy/create-workflow");
    return createWorkflow(context, { ...options, source, tenant, entity });
  },
});

function checkFlags(
  options: {
    readonly schedule?: string | undefined;
    readonly noSchedule: boolean;
    readonly timezone?: string | undefined;
    readonly name?: string | undefined;
  },
  entity: string | undefined,
): void {
  if (options.timezone !== undefined && options.schedule === undefined)
    throw new UsageError("--timezone needs --schedule.", 'Add --schedule "<cron>", such as "0 8 5 * *".');
  if (entity !== undefined) return;
  const needing = [
    options.schedule === undefined ? undefined : "--schedule",
    options.noSchedule ? "--no-schedule" : undefined,
    options.name === undefined ? undefined : "--name",
  ].find((flag) => flag !== undefined);
  if (needing) throw new UsageError(`${needing} needs --entity: without one nothing is bound.`, "Add --entity <slug>.");
}
