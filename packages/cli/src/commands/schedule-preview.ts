import { defineCommand } from "../command";
import type { Context } from "../context";
import { UsageError } from "../usage-error";
import { entityOption, tenantOption } from "./scope-options";

export const schedulePreview = defineCommand({
  name: "preview",
  summary: "Show when a schedule fires next, and what clock changes do to it",
  examples: [
    "ntro schedule preview nav-monthly --tenant acme-fund --entity acme-spv1",
    'ntro schedule preview --schedule "30 1 * * *" --timezone Europe/London --count 100',
  ],
  notes: "The times are Temporal's own. Cron libraries and calendars may tell others around clock changes.",
  arguments: { workflow: { help: "Id, name or runbook slug; none with --schedule", optional: true } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    schedule: { value: "cron", help: "A schedule that no workflow has (yet)" },
    timezone: { value: "zone", help: "Its IANA time zone (default UTC)" },
    count: { value: "n", help: "How many times, 1 to 100 (default 10)" },
  },
  async run(context, { args, options }) {
    const { localTime, pausedText, previewNote, scheduleText } = await import("../schedule-fields");
    const preview = await readPreview(context, args.workflow, options);
    const { out } = context;
    if (out.format === "json") {
      out.data(preview, () => "");
      return 0;
    }
    out.say(`${scheduleText(preview)}${preview.paused ? `, ${pausedText(preview)}` : ""}`);
    out.list(preview.lines, [
      { title: "LOCAL", value: (line) => localTime(line.kind === "fires" ? line.local : line.from) },
      { title: "OFFSET", value: (line) => (line.kind === "fires" ? line.offset : "") },
      { title: "UTC", value: (line) => (line.kind === "fires" ? line.time.replace(":00.000Z", "Z") : "–") },
      { title: "PERIOD", value: (line) => (line.kind === "fires" ? line.period : "–") },
      { title: "", value: previewNote },
    ]);
    return 0;
  },
});

async function readPreview(
  context: Context,
  workflow: string | undefined,
  options: Readonly<Record<"tenant" | "entity" | "schedule" | "timezone" | "count", string | undefined>>,
) {
  const { schedule, timezone } = options;
  const count = parseCount(options.count);
  if ((workflow === undefined) === (schedule === undefined))
    throw new UsageError("Say which schedule.", 'Give a workflow, or --schedule "<cron>", and not both.');
  const api = await context.client();
  if (schedule !== undefined) return api.call("schedules.previewAny", { query: { schedule, timezone, count } });
  if (timezone !== undefined)
    throw new UsageError("--timezone needs --schedule.", "A workflow's schedule has its own zone.");
  const { findWorkflow } = await import("../find-workflow");
  const { id } = await findWorkflow(context, workflow ?? "", options);
  return api.call("schedules.preview", { params: { id }, query: { count } });
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100) return count;
  throw new UsageError(`--count ${text} is not a whole number from 1 to 100.`);
}
