import { type BackfillStep, ERRORS, NtroError } from "@ntro/contract";
import { PLATFORM_ACTOR } from "../core/access";
import { planPeriod } from "../core/backfill";
import { runningTaskOf } from "../core/concurrency";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import {
  type BackfillRow,
  endBackfill,
  findBackfill,
  type PeriodRecord,
  recordPeriod,
  tasksOfPeriods,
} from "../store/backfills";
import { inTransaction } from "../store/database";
import { appendEvents } from "../store/events";
import { findTask } from "../store/tasks";
import { backfillTaskId } from "./backfill";
import { startTask } from "./start";

/**
 * Does what is to be done about one period of a backfill, and says what its control workflow does next. Asked again it finds what was done: the task's id
 * follows from backfill and period. What will pass (a database that is away) is thrown, for Temporal to try again.
 */
export async function stepPeriod(services: Services, backfillId: string, period: string): Promise<BackfillStep> {
  const { db } = services;
  const backfill = await findBackfill(db, backfillId);
  if (!backfill || backfill.ended_at !== null) return { next: "stop" };
  const row = await db
    .selectFrom("backfill_periods")
    .selectAll()
    .where("backfill_id", "=", backfillId)
    .where("period", "=", period)
    .executeTakeFirst();
  if (!row) return { next: "go-on" };
  if (row.outcome === "started" && row.task_id !== null) return { next: "wait", taskId: row.task_id };
  if (row.outcome !== "waiting") return { next: "go-on" };
  return startPeriod(services, backfill, period);
}

async function startPeriod(services: Services, backfill: BackfillRow, period: string): Promise<BackfillStep> {
  const { db } = services;
  const id = backfillTaskId(backfill.id, period);
  const tasks = await tasksOfPeriods(db, backfill.workflow_id, [period]);
  const plan = planPeriod(
    tasks.filter((task) => task.id !== id),
    backfill.again,
  );
  const isStarted = tasks.some((task) => task.id === id);
  if (!isStarted && plan.kind !== "start") {
    await settle(services, backfill, period, { outcome: plan.kind, task_id: plan.task.id });
    return { next: "go-on" };
  }
  const previous = plan.kind === "start" ? plan.previous : plan.task;
  try {
    if (!isStarted) await start(services, backfill, id, period);
  } catch (error) {
    return refused(services, backfill, period, error);
  }
  await settle(services, backfill, period, { outcome: "started", task_id: id, previous_task_id: previous?.id ?? null });
  return { next: "wait", taskId: id };
}

async function start(services: Services, backfill: BackfillRow, id: string, period: string): Promise<void> {
  const { db } = services;
  const workflow = await db
    .selectFrom("workflows")
    .selectAll()
    .where("id", "=", backfill.workflow_id)
    .executeTakeFirstOrThrow();
  const [tenant, entity] = await Promise.all([
    db.selectFrom("tenants").selectAll().where("id", "=", workflow.tenant_id).executeTakeFirstOrThrow(),
    db.selectFrom("entities").selectAll().where("id", "=", workflow.entity_id).executeTakeFirstOrThrow(),
  ]);
  await startTask(services, {
    id,
    tenant,
    entity,
    workflow,
    context: { ...backfill.context, period },
    actor: backfill.actor,
    nominalTime: null,
    // Whatever the workflow allows: a backfill runs no period beside a task of the same.
    concurrency: "one-per-period",
  });
}

/** A start that was refused: by an open task of the period, by one of another period (which is waited for), or for good. */
async function refused(
  services: Services,
  backfill: BackfillRow,
  period: string,
  error: unknown,
): Promise<BackfillStep> {
  if (!(error instanceof NtroError) || ERRORS[error.code].status >= 500) throw error;
  const inTheWay = runningTaskOf(error);
  const task = inTheWay === undefined ? undefined : await findTask(services.db, inTheWay);
  if (task && task.period !== period) {
    await settle(services, backfill, period, { outcome: "waiting", task_id: task.id, message: error.message });
    return { next: "try-again", taskId: task.id };
  }
  if (task) await settle(services, backfill, period, { outcome: "running", task_id: task.id });
  else await settle(services, backfill, period, { outcome: "refused", code: error.code, message: error.message });
  return { next: "go-on" };
}

async function settle(
  { db }: Services,
  backfill: BackfillRow,
  period: string,
  found: Partial<PeriodRecord> & Pick<PeriodRecord, "outcome">,
): Promise<void> {
  const record = { task_id: null, previous_task_id: null, code: null, message: null, ...found };
  await inTransaction(db, async (trx) => {
    if (!(await recordPeriod(trx, backfill.id, period, record))) return;
    const data = {
      backfillId: backfill.id,
      workflowId: backfill.workflow_id,
      period,
      outcome: record.outcome,
      taskId: record.task_id,
    };
    await appendEvents(trx, [{ type: "backfill.period", tenantId: backfill.tenant_id, data }]);
  });
}

/** Ends a backfill whose periods all have their outcome. */
export async function finishBackfill({ db }: Services, id: string): Promise<void> {
  const backfill = await findBackfill(db, id);
  if (!backfill) return;
  await inTransaction(db, async (trx) => {
    if (!(await endBackfill(trx, id, null))) return;
    const data = { backfillId: id, workflowId: backfill.workflow_id };
    await appendEvents(trx, [{ type: "backfill.ended", tenantId: backfill.tenant_id, data }]);
    await appendAudit(trx, {
      tenantId: backfill.tenant_id,
      actor: PLATFORM_ACTOR,
      action: "backfill.ended",
      subject: `workflow:${backfill.workflow_id}`,
      detail: data,
    });
  });
}
