import { randomUUID } from "node:crypto";
import { type DispatchAnswer, ERRORS, NtroError } from "@ntro/contract";
import { mayTouch, PLATFORM_ACTOR } from "../core/access";
import { type DispatchPlan, planDispatch } from "../core/dispatch";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { inTransaction } from "../store/database";
import { appendEvents } from "../store/events";
import { type ReadyRevision, revisionsOf } from "../store/ready-revisions";
import type { WorkflowRow } from "../store/workflows";
import { startTask } from "../task/start";
import type { Handlers } from "./handler";

export const dispatchHandlers: Pick<Handlers, "worker.dispatch"> = {
  "worker.dispatch": async (services, { caller, body }) => {
    const row = await services.db
      .selectFrom("workflows")
      .selectAll()
      .where("id", "=", body.workflowId)
      .executeTakeFirst();
    if (!row || !mayTouch(caller, row.tenant_id)) return { outcome: "skipped", reason: "There is no such workflow." };
    return dispatch(services, row, new Date(body.nominalTime));
  },
};

/** Starts the task of one firing of a schedule, once; what keeps it from starting for good is recorded, what will pass is thrown, to be tried again. */
async function dispatch(services: Services, row: WorkflowRow, nominalTime: Date): Promise<DispatchAnswer> {
  if (row.deleted_at !== null || row.schedule === null) {
    // A schedule that outlived its workflow, as when a crash came between the two.
    await services.engine.deleteSchedule(row.id);
    return { outcome: "skipped", reason: "The workflow has no schedule any more." };
  }
  const plan = await planFiring(services, row, nominalTime);
  if (plan.kind === "already") return { outcome: "started", taskId: plan.taskId };
  try {
    return { outcome: "started", taskId: await start(services, row, nominalTime, plan.period) };
  } catch (error) {
    if (!(error instanceof NtroError) || ERRORS[error.code].status >= 500) throw error;
    return skip(services, row, nominalTime, error.message);
  }
}

async function planFiring({ db }: Services, row: WorkflowRow, nominalTime: Date): Promise<DispatchPlan> {
  const [same, revisions] = await Promise.all([
    db
      .selectFrom("tasks")
      .select("id")
      .where("workflow_id", "=", row.id)
      .where("nominal_time", "=", nominalTime)
      .executeTakeFirst(),
    revisionsOf(db, row.tenant_id, row.runbook_slug),
  ]);
  return planDispatch({
    nominalTime,
    timezone: row.timezone ?? "UTC",
    period: schedulePeriod(row, revisions),
    same,
  });
}

/** As the revision says that will run; without one the task cannot start, which is told when it is tried. */
function schedulePeriod(row: WorkflowRow, revisions: readonly ReadyRevision[]): "previous" | "current" {
  const fits = (revision: ReadyRevision) =>
    row.runbook_version === null
      ? revision.current
      : revision.version === row.runbook_version && revision.readyAt !== null;
  return revisions.findLast(fits)?.manifest.schedulePeriod ?? "previous";
}

async function start(services: Services, workflow: WorkflowRow, nominalTime: Date, period: string): Promise<string> {
  const { db } = services;
  const [tenant, entity] = await Promise.all([
    db.selectFrom("tenants").selectAll().where("id", "=", workflow.tenant_id).executeTakeFirstOrThrow(),
    db.selectFrom("entities").selectAll().where("id", "=", workflow.entity_id).executeTakeFirstOrThrow(),
  ]);
  const id = randomUUID();
  await startTask(services, { id, tenant, entity, workflow, context: { period }, actor: PLATFORM_ACTOR, nominalTime });
  // The firing may have been dispatched by another process meanwhile: then its task is the one.
  const row = await db
    .selectFrom("tasks")
    .select("id")
    .where("workflow_id", "=", workflow.id)
    .where("nominal_time", "=", nominalTime)
    .executeTakeFirstOrThrow();
  return row.id;
}

/** A firing without a task is on record: who looks for the month's task finds why there is none. */
async function skip(services: Services, row: WorkflowRow, nominalTime: Date, reason: string): Promise<DispatchAnswer> {
  const data = { workflowId: row.id, runbook: row.runbook_slug, nominalTime: nominalTime.toISOString(), reason };
  await inTransaction(services.db, async (trx) => {
    await appendEvents(trx, [{ type: "workflow.skipped", tenantId: row.tenant_id, data }]);
    await appendAudit(trx, {
      tenantId: row.tenant_id,
      actor: PLATFORM_ACTOR,
      action: "workflow.skipped",
      subject: `workflow:${row.id}`,
      detail: data,
    });
  });
  return { outcome: "skipped", reason };
}
