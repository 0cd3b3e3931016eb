import { type Actor, type BackfillPlan, NtroError } from "@ntro/contract";
import { lanes, type PeriodPlan, type PeriodTask, planPeriod, requirePeriodParameter } from "../core/backfill";
import { concurrencyOf } from "../core/concurrency";
import { derivedId } from "../derived-id";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import {
  type BackfillRow,
  endBackfill,
  findBackfill,
  insertBackfill,
  openBackfill,
  tasksOfPeriods,
} from "../store/backfills";
import { inTransaction } from "../store/database";
import type { EntityRow } from "../store/entities";
import { appendEvents } from "../store/events";
import { holdActiveTenant, type TenantRow } from "../store/tenants";
import { lockWorkflow, type WorkflowRow } from "../store/workflows";
import type { Duty } from "../upkeep";
import { planTask } from "./start";

/** The id of a backfill's task for a period: the same however often it is started. */
export function backfillTaskId(backfillId: string, period: string): string {
  return derivedId("backfill", backfillId, period);
}

/** A backfill that somebody asks for. */
export interface BackfillRequest {
  readonly id: string;
  readonly tenant: TenantRow;
  readonly entity: EntityRow;
  readonly workflow: WorkflowRow;
  /** Oldest first. */
  readonly periods: readonly string[];
  readonly maxParallel: number;
  readonly again: boolean;
  readonly context: Record<string, unknown>;
  readonly actor: Actor;
}

/**
 * What a backfill would do now, with everything checked that can be.
 * @throws NtroError `RUNBOOK_NOT_READY`, `INPUT_INVALID` (also where the runbook takes no period), `TENANT_NOT_ACTIVE`
 */
export async function planBackfill(services: Services, request: BackfillRequest): Promise<BackfillPlan> {
  const { tenant, entity, workflow, periods } = request;
  const [period = ""] = periods;
  const id = backfillTaskId(request.id, period);
  const { revision } = await planTask(services, {
    id,
    tenant,
    entity,
    workflow,
    context: { ...request.context, period },
  });
  requirePeriodParameter(`${revision.slug}@${revision.version}`, {
    inputSchema: revision.described?.inputSchema ?? null,
    global: revision.manifest.configSchema.global,
  });
  const rule = concurrencyOf(revision.manifest.concurrency, workflow.schedule);
  const tasks = await tasksOfPeriods(services.db, workflow.id, periods);
  return {
    maxParallel: lanes(rule, request.maxParallel, periods.length),
    periods: periods.map((each) => ({
      period: each,
      ...toPlan(
        planPeriod(
          tasks.filter((task) => task.period === each),
          request.again,
        ),
      ),
    })),
  };
}

function toPlan(plan: PeriodPlan<PeriodTask>): Omit<BackfillPlan["periods"][number], "period"> {
  const shown = (task: PeriodTask | null) => (task === null ? null : { id: task.id, status: task.status });
  if (plan.kind === "start") return { plan: plan.kind, task: null, previous: shown(plan.previous) };
  return { plan: plan.kind, task: shown(plan.task), previous: null };
}

/**
 * Records a backfill and starts its control workflow. Once it is recorded it is carried out: when this process or Temporal is gone before the control
 * workflow exists, {@link backfillDuty} starts it.
 * @throws NtroError as {@link planBackfill}, and `WORKFLOW_NOT_FOUND`, `BACKFILL_RUNNING`
 */
export async function createBackfill(services: Services, request: BackfillRequest): Promise<void> {
  const { db, log } = services;
  const { id, tenant, workflow, periods, again, actor, context } = request;
  const { maxParallel } = await planBackfill(services, request);
  await inTransaction(db, async (trx) => {
    await holdActiveTenant(trx, tenant.id);
    if (!(await lockWorkflow(trx, workflow.id, "share")))
      throw new NtroError("WORKFLOW_NOT_FOUND", `The workflow ${workflow.id} was deleted.`);
    const about = { tenant_id: tenant.id, workflow_id: workflow.id, max_parallel: maxParallel };
    if (!(await insertBackfill(trx, { id, ...about, again, context, actor, periods }))) {
      const open = await openBackfill(trx, workflow.id);
      // The same request once more.
      if (open?.id === id || (!open && (await findBackfill(trx, id)))) return;
      throw underWay(open);
    }
    const data = { backfillId: id, workflowId: workflow.id, from: periods[0], to: periods[periods.length - 1] };
    await appendEvents(trx, [{ type: "backfill.started", tenantId: tenant.id, data }]);
    const detail = { ...data, maxParallel, again };
    await appendAudit(trx, {
      tenantId: tenant.id,
      actor,
      action: "backfill.started",
      subject: `workflow:${workflow.id}`,
      detail,
    });
  });
  try {
    await launchBackfill(services, id);
  } catch (error) {
    log.warn({ err: error, backfillId: id }, "a backfill was recorded but could not be started yet; it is tried again");
  }
}

function underWay(open: BackfillRow | undefined): NtroError {
  if (!open)
    return new NtroError("BACKFILL_RUNNING", "A backfill of the workflow ended just now.", { hint: "Try again." });
  return new NtroError("BACKFILL_RUNNING", `A backfill of this workflow is under way already: ${open.id}.`, {
    hint: `\`ntro workflow backfill-status ${open.id}\` shows it, \`ntro workflow backfill-cancel ${open.id}\` stops it.`,
    details: [{ backfillId: open.id }],
  });
}

/** Starts the control workflow of a backfill that has none, or finds the one of an earlier attempt. */
async function launchBackfill({ db, engine }: Services, id: string): Promise<void> {
  const row = await findBackfill(db, id);
  if (!row || row.launched_at !== null || row.ended_at !== null) return;
  const periods = await db
    .selectFrom("backfill_periods")
    .select("period")
    .where("backfill_id", "=", id)
    .orderBy("period")
    .execute();
  await engine.startBackfill({ id, periods: periods.map(({ period }) => period), lanes: row.max_parallel });
  await db.updateTable("backfills").set({ launched_at: new Date() }).where("id", "=", id).execute();
}

/** Starts backfills that were recorded before a crash, or while Temporal was away. */
export function backfillDuty(services: Services): Duty {
  return {
    name: "start backfills that were recorded but not started",
    every: 15_000,
    run: async () => {
      const rows = await services.db
        .selectFrom("backfills")
        .select("id")
        .where("launched_at", "is", null)
        .where("ended_at", "is", null)
        .execute();
      for (const { id } of rows) await launchBackfill(services, id);
    },
  };
}

/** Stops a backfill: no further period starts, what runs goes on. One that has ended stays as it is. */
export async function cancelBackfill({ db }: Services, row: BackfillRow, actor: Actor): Promise<void> {
  await inTransaction(db, async (trx) => {
    if (!(await endBackfill(trx, row.id, actor.name))) return;
    const data = { backfillId: row.id, workflowId: row.workflow_id };
    await appendEvents(trx, [{ type: "backfill.cancelled", tenantId: row.tenant_id, data }]);
    await appendAudit(trx, {
      tenantId: row.tenant_id,
      actor,
      action: "backfill.cancelled",
      subject: `workflow:${row.workflow_id}`,
      detail: data,
    });
  });
}
