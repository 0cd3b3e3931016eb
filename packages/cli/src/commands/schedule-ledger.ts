import { defineCommand } from "../command";
import type { Context } from "../context";
import { parseLimit } from "./limit";
import { entityOption, limitOption, tenantOption } from "./scope-options";

const OUTCOMES = ["due", "ran", "skipped", "missed", "failed"] as const;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export const scheduleLedger = defineCommand({
  name: "ledger",
  summary: "Show what became of each time of a schedule, newest first",
  examples: [
    "ntro schedule ledger nav-monthly --tenant acme-fund --entity acme-spv1",
    "ntro schedule ledger nav-monthly --tenant acme-fund --entity acme-spv1 --from 2026-01-01 --outcome missed -o json",
  ],
  notes: `Every time ends as ran, skipped, missed or failed; until then it is due. What was missed, failed or skipped can be
made up for: \`ntro schedule trigger <workflow> --for <time>\`. The ledger of a deleted workflow is found by its id.`,
  arguments: { workflow: { help: "Id, name or runbook slug" } },
  options: {
    tenant: tenantOption,
    entity: entityOption,
    from: { value: "day", help: "From this day (UTC) or time on" },
    to: { value: "day", help: "Up to this day (UTC) or time, itself included" },
    outcome: { value: "outcome", choices: OUTCOMES, help: "Only times that ended so" },
    limit: limitOption,
  },
  async run(context, { args, options }) {
    const { parseInstantOrDay } = await import("../instant");
    const { remark } = await import("../schedule-fields");
    const from = options.from === undefined ? undefined : parseInstantOrDay(options.from, "--from", "first");
    const to = options.to === undefined ? undefined : parseInstantOrDay(options.to, "--to", "last");
    const outcome = OUTCOMES.find((each) => each === options.outcome);
    const { id, zone } = await findLedger(context, args.workflow, options);
    const { inZone } = await import("../times");
    const api = await context.client();
    const query = { from, to, outcome, limit: parseLimit(options.limit) };
    context.out.list(await api.call("schedules.ledger", { params: { id }, query }), [
      { title: "TIME", value: ({ nominalTime }) => nominalTime.replace(":00.000Z", "Z") },
      { title: "LOCAL", value: ({ nominalTime }) => (zone === undefined ? "" : inZone(nominalTime, zone)) },
      { title: "PERIOD", value: ({ period }) => period },
      { title: "OUTCOME", value: (entry) => entry.outcome },
      { title: "TASK", value: ({ taskId }) => taskId },
      { title: "", value: remark },
    ]);
    return 0;
  },
});

/** An id is taken as it is: it may be that of a deleted workflow. */
async function findLedger(
  context: Context,
  reference: string,
  scope: { readonly tenant?: string | undefined; readonly entity?: string | undefined },
): Promise<{ id: string; zone: string | undefined }> {
  const { findWorkflow } = await import("../find-workflow");
  try {
    const { id, timezone } = await findWorkflow(context, reference, scope);
    return { id, zone: timezone ?? undefined };
  } catch (error) {
    if (!UUID.test(reference)) throw error;
    return { id: reference, zone: undefined };
  }
}
