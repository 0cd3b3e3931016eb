import { type Actor, NtroError } from "@ntro/contract";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { findRun, insertRuns, makeUpRun, noteMadeUp, type RunRow, specOf } from "../store/schedules";
import type { WorkflowRow } from "../store/workflows";
import { startTask, type TaskRequest } from "../task/start";
import { periods } from "./record";

/** Who triggers what; `id` becomes the task's. */
export interface Trigger {
  readonly id: string;
  readonly workflow: WorkflowRow;
  readonly actor: Actor;
}

/**
 * Starts a task now, for the accounting period of now; the schedule's own times and their ledger are as before.
 * @throws NtroError as `startTask` does
 */
export async function triggerNow(services: Services, trigger: Trigger): Promise<void> {
  const period = (await periods(services.db, trigger.workflow))(new Date());
  await startTask(services, { ...(await requestOf(services, trigger)), context: { period }, nominalTime: null });
}

/**
 * Runs one nominal time of the schedule by hand: one that was missed, failed or was skipped, or that is due. The ledger keeps how it stood before, and who
 * had it run. A pause does not keep a person from it.
 * @throws NtroError `SCHEDULE_TIME_REFUSED`, and as `startTask` does; then the ledger is as before
 */
export async function triggerFor(services: Services, trigger: Trigger, nominalTime: Date): Promise<void> {
  const { db } = services;
  const { workflow, actor, id } = trigger;
  const run = await findRun(db, workflow.id, nominalTime);
  if (run?.outcome === "ran") throw ranAlready(run);
  if (!run) await requireDue(services, workflow, nominalTime);
  const period = run?.period ?? (await periods(db, workflow))(nominalTime);
  await startTask(services, {
    ...(await requestOf(services, trigger)),
    context: { period },
    nominalTime,
    alsoRecord: async (trx) => {
      const by = actor.name;
      if (!(await makeUpRun(trx, { workflowId: workflow.id, nominalTime, taskId: id, by }))) {
        const ran = { nominalTime, outcome: "ran" as const, taskId: id, cause: null, reason: null, period };
        const [recorded] = await insertRuns(trx, workflow.id, [ran]);
        if (!recorded) throw ranAlready(await findRun(trx, workflow.id, nominalTime));
        await noteMadeUp(trx, workflow.id, nominalTime, by);
      }
      await appendAudit(trx, {
        tenantId: workflow.tenant_id,
        actor,
        action: "schedule.triggered",
        subject: `workflow:${workflow.id}`,
        detail: { nominalTime: nominalTime.toISOString(), taskId: id, earlier: run?.outcome ?? "due" },
      });
    },
  });
  // Another process may have been faster.
  const recorded = await findRun(db, workflow.id, nominalTime);
  if (recorded?.task_id !== id) throw ranAlready(recorded);
}

async function requestOf(
  { db }: Services,
  { id, workflow, actor }: Trigger,
): Promise<Omit<TaskRequest, "context" | "nominalTime">> {
  const [tenant, entity] = await Promise.all([
    db.selectFrom("tenants").selectAll().where("id", "=", workflow.tenant_id).executeTakeFirstOrThrow(),
    db.selectFrom("entities").selectAll().where("id", "=", workflow.entity_id).executeTakeFirstOrThrow(),
  ]);
  return { id, tenant, entity, workflow, actor };
}

/** A time without a row is due when the schedule names it and it has passed since the ledger was last complete. */
async function requireDue({ engine }: Services, workflow: WorkflowRow, time: Date): Promise<void> {
  const text = time.toISOString();
  const refuse = (why: string) => new NtroError("SCHEDULE_TIME_REFUSED", why, { hint: LEDGER_HINT });
  if (time > new Date()) throw refuse(`${text} lies ahead; the schedule runs it by itself.`);
  const settled = workflow.schedule_settled_until;
  if (specOf(workflow) !== null && settled !== null && time > settled) {
    const after = new Date(time.getTime() - 1);
    const [named] = (await engine.schedules.times(workflow.id, { after, until: time, count: 1 })) ?? [];
    if (named) return;
  }
  throw refuse(`The ledger of the schedule has no time ${text}.`);
}

const LEDGER_HINT =
  "`ntro schedule ledger` lists the times there are; `ntro workflow run --period …` starts a task that is for none of them.";

function ranAlready(run: RunRow | undefined): NtroError {
  const what = run?.task_id ? `its task is ${run.task_id}` : "it has a task";
  return new NtroError("SCHEDULE_TIME_REFUSED", `This time ran already: ${what}.`, {
    hint: run?.task_id ? `\`ntro run status ${run.task_id}\` shows it.` : LEDGER_HINT,
    details: run?.task_id ? [{ taskId: run.task_id }] : [],
  });
}
