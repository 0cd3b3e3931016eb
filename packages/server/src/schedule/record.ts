import type { EventType } from "@ntro/contract";
import type { Transaction } from "kysely";
import { PLATFORM_ACTOR } from "../core/access";
import { type NoTask, scheduledPeriod } from "../core/dispatch";
import { appendAudit } from "../store/audit";
import type { Db } from "../store/database";
import { appendEvents } from "../store/events";
import { revisionsOf } from "../store/ready-revisions";
import { insertRuns, type NewRun } from "../store/schedules";
import type { Tables } from "../store/tables";
import type { WorkflowRow } from "../store/workflows";

type ScheduledWorkflow = Pick<WorkflowRow, "id" | "tenant_id" | "runbook_slug" | "runbook_version" | "timezone">;

const EVENTS: Record<NoTask["outcome"], EventType> = {
  skipped: "workflow.skipped",
  missed: "schedule.missed",
  failed: "schedule.failed",
};

/**
 * Records times that end without a task of their own, with event and audit: whoever looks for the month's task finds why there is none. Times that have an
 * outcome already keep it. Call it last in a transaction; gives how many were recorded.
 */
export async function recordWithoutTask(
  trx: Transaction<Tables>,
  row: ScheduledWorkflow,
  ended: readonly { readonly time: Date; readonly record: NoTask }[],
): Promise<number> {
  if (ended.length === 0) return 0;
  const period = await periods(trx, row);
  const runs = ended.map(({ time, record }) => ({ ...record, nominalTime: time, period: period(time) }));
  const recorded = await insertRuns(trx, row.id, runs);
  const alike = new Map<string, NewRun[]>();
  for (const run of recorded) {
    const key = JSON.stringify([run.outcome, run.cause, run.reason]);
    alike.set(key, [...(alike.get(key) ?? []), run]);
  }
  for (const group of alike.values()) await tell(trx, row, group);
  return recorded.length;
}

/** One event for times that ended alike: after a long outage a schedule may have missed thousands. */
async function tell(trx: Transaction<Tables>, row: ScheduledWorkflow, alike: readonly NewRun[]): Promise<void> {
  const [first] = alike;
  const last = alike.at(-1);
  if (!first || !last || first.outcome === "ran") return;
  const type = EVENTS[first.outcome];
  const about = {
    workflowId: row.id,
    runbook: row.runbook_slug,
    nominalTime: first.nominalTime.toISOString(),
    ...(alike.length === 1 ? {} : { until: last.nominalTime.toISOString(), count: alike.length }),
    cause: first.cause,
  };
  await appendEvents(trx, [
    { type, tenantId: row.tenant_id, taskId: first.taskId, data: { ...about, reason: first.reason } },
  ]);
  // Why a task could not be started may name what is in its input; the chain does not keep that.
  const detail = first.outcome === "failed" ? about : { ...about, reason: first.reason };
  const subject = `workflow:${row.id}`;
  await appendAudit(trx, { tenantId: row.tenant_id, actor: PLATFORM_ACTOR, action: type, subject, detail });
}

/** Tells the accounting period of each nominal time, as the revision says that runs now; without one, the month before. */
export async function periods(db: Db, row: ScheduledWorkflow): Promise<(time: Date) => string> {
  const revisions = await revisionsOf(db, row.tenant_id, row.runbook_slug);
  const pin = row.runbook_version;
  const revision = revisions.findLast((each) =>
    pin === null ? each.current : each.version === pin && each.readyAt !== null,
  );
  const which = revision?.manifest.schedulePeriod ?? "previous";
  return (time) => scheduledPeriod(time, row.timezone ?? "UTC", which);
}
