import { randomUUID } from "node:crypto";
import { type DispatchAnswer, NtroError } from "@ntro/contract";
import { PLATFORM_ACTOR } from "../core/access";
import {
  type FiringPlan,
  isSameSpec,
  type NoTask,
  pauseAt,
  planFiring,
  refusedStart,
  type Spec,
} from "../core/dispatch";
import type { Services } from "../services";
import { inTransaction } from "../store/database";
import { findRun, insertRuns, moveMarks, pausesSince, type RunRow, setMarks, specOf } from "../store/schedules";
import type { WorkflowRow } from "../store/workflows";
import { startTask } from "../task/start";
import { periods, recordWithoutTask } from "./record";

/** A nominal time of a workflow's schedule. */
export interface Firing {
  readonly nominalTime: Date;
  /** The schedule it fired by; null when that is not known. */
  readonly firedBy: Spec | null;
}

/** Something was decided between the look at the rows and the transaction: what to do has to be asked anew. */
class Overtaken extends Error {
  override readonly name = "Overtaken";
}

/**
 * Makes one nominal time a task, or records why there is none: exactly one outcome for each, whoever dispatches it and however often, as task and outcome are
 * one transaction. What will pass is thrown, to be tried again.
 */
export async function dispatchFiring(services: Services, workflowId: string, firing: Firing): Promise<DispatchAnswer> {
  for (;;) {
    try {
      return await dispatchOnce(services, workflowId, firing);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }
}

async function dispatchOnce(services: Services, workflowId: string, firing: Firing): Promise<DispatchAnswer> {
  const { db } = services;
  const { nominalTime } = firing;
  const row = await db.selectFrom("workflows").selectAll().where("id", "=", workflowId).executeTakeFirstOrThrow();
  const [run, task, pauses] = await Promise.all([
    findRun(db, row.id, nominalTime),
    db
      .selectFrom("tasks")
      .select("id")
      .where("workflow_id", "=", row.id)
      .where("nominal_time", "=", nominalTime)
      .executeTakeFirst(),
    pausesSince(db, row.id, nominalTime),
  ]);
  const plan = planFiring({ ...firing, schedule: specOf(row), settled: run, taskId: task?.id, pauses });
  if (plan.kind === "gone") {
    await dropStray(services, row);
    return { outcome: "skipped", reason: plan.reason };
  }
  const answer = await carryOut(services, row, nominalTime, plan);
  await moveOn(services, row, nominalTime);
  return answer;
}

async function carryOut(
  services: Services,
  row: WorkflowRow,
  nominalTime: Date,
  plan: Exclude<FiringPlan<RunRow>, { kind: "gone" }>,
): Promise<DispatchAnswer> {
  switch (plan.kind) {
    case "settled":
      return answerOf(plan.as);
    case "adopt":
      return record(services, row, nominalTime, { outcome: "ran", cause: null, reason: null, taskId: plan.taskId });
    case "skip":
      return record(services, row, nominalTime, plan.record);
    case "start":
      return start(services, row, nominalTime);
  }
}

function answerOf(run: Pick<RunRow, "outcome" | "task_id" | "reason">): DispatchAnswer {
  if (run.outcome === "ran" && run.task_id !== null) return { outcome: "started", taskId: run.task_id };
  const reason = run.reason ?? "";
  return run.outcome === "failed" ? { outcome: "failed", reason } : { outcome: "skipped", reason };
}

async function start(services: Services, row: WorkflowRow, nominalTime: Date): Promise<DispatchAnswer> {
  const { db } = services;
  const [tenant, entity, period] = await Promise.all([
    db.selectFrom("tenants").selectAll().where("id", "=", row.tenant_id).executeTakeFirstOrThrow(),
    db.selectFrom("entities").selectAll().where("id", "=", row.entity_id).executeTakeFirstOrThrow(),
    periods(db, row).then((of) => of(nominalTime)),
  ]);
  const id = randomUUID();
  const request = { id, tenant, entity, workflow: row, context: { period }, actor: PLATFORM_ACTOR, nominalTime };
  try {
    await startTask(services, {
      ...request,
      alsoRecord: async (trx, held) => {
        const changed = !sameSchedule(held, row) || pauseAt(await pausesSince(trx, row.id, nominalTime), nominalTime);
        const run = { nominalTime, outcome: "ran" as const, taskId: id, cause: null, reason: null, period };
        if (changed || (await insertRuns(trx, row.id, [run])).length === 0) throw new Overtaken();
      },
    });
  } catch (error) {
    if (error instanceof NtroError && error.code === "WORKFLOW_NOT_FOUND") throw new Overtaken();
    const refused = refusedStart(error);
    if (!refused) throw error;
    return record(services, row, nominalTime, refused);
  }
  // Another process may have been faster: then its outcome is the one.
  const run = await findRun(db, row.id, nominalTime);
  if (!run) throw new Overtaken();
  return answerOf(run);
}

function sameSchedule(a: WorkflowRow, b: WorkflowRow): boolean {
  const [one, other] = [specOf(a), specOf(b)];
  return one !== null && other !== null && isSameSpec(one, other);
}

type Outcome = NoTask | { outcome: "ran"; cause: null; reason: null; taskId: string };

async function record(
  { db }: Services,
  row: WorkflowRow,
  nominalTime: Date,
  outcome: Outcome,
): Promise<DispatchAnswer> {
  await inTransaction(db, async (trx) => {
    if (outcome.outcome !== "ran") {
      if ((await recordWithoutTask(trx, row, [{ time: nominalTime, record: outcome }])) === 0) throw new Overtaken();
      return;
    }
    const period = (await periods(trx, row))(nominalTime);
    if ((await insertRuns(trx, row.id, [{ ...outcome, nominalTime, period }])).length === 0) throw new Overtaken();
  });
  return answerOf({ outcome: outcome.outcome, task_id: outcome.taskId, reason: outcome.reason });
}

/** A schedule of Temporal's that is not the workflow's, as when a crash came between the two: it goes, or is looked at and put right. */
async function dropStray({ db, engine }: Services, row: WorkflowRow): Promise<void> {
  await inTransaction(db, async (trx) => {
    // Waits for whoever is changing it: then what Temporal has is right already.
    const held = await trx
      .selectFrom("workflows")
      .selectAll()
      .where("id", "=", row.id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (specOf(held) === null) await engine.schedules.remove(row.id);
    else await setMarks(trx, row.id, { settledUntil: held.schedule_settled_until, expectedAt: null });
  });
}

/** After the time that was expected next, another is. Whoever does not get to this leaves it to {@link settleSchedules}. */
async function moveOn({ db, engine, log }: Services, row: WorkflowRow, settled: Date): Promise<void> {
  if (row.schedule_expected_at?.getTime() !== settled.getTime()) return;
  try {
    const times = await engine.schedules.times(row.id, { after: settled, count: 1 });
    await moveMarks(db, row, { settledUntil: settled, expectedAt: times?.[0] ?? null });
  } catch (error) {
    if (!(error instanceof NtroError)) throw error;
    log.info({ err: error, workflowId: row.id }, "the next fire time is not known yet");
  }
}
