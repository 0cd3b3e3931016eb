import { FAILURE_TYPES, NtroError } from "@ntro/contract";
import { actorOf } from "../core/access";
import { requireOpen } from "../core/start-task";
import type { Caller } from "../http/handler";
import type { Services } from "../services";
import { isAsleep } from "../store/host-places";
import { requireTask, type TaskRow } from "../store/tasks";
import { cancellationMessage, endWithoutExecution, recordCancellation } from "./close";
import { finishTask } from "./report";

/** Milliseconds that workflow code has to stop by itself before it is looked at whether it answers at all, and that Temporal has to end it otherwise. */
const PATIENCE = { stop: 3_000, probe: 2_000, terminate: 3_000 } as const;

/**
 * Cancels a task: its code is asked to stop, and ended at once where it cannot answer. A task whose code takes longer to stop is still open afterwards, and
 * ends by itself.
 * @throws NtroError `TASK_CLOSED`
 */
export async function cancelTask(services: Services, caller: Caller, id: string, reason: string | null): Promise<void> {
  const task = await requireTask(services.db, caller, id);
  requireOpen(task);
  const actor = actorOf(caller);
  await recordCancellation(services, task, actor, reason);
  const message = cancellationMessage(actor.name, reason);
  if (await endUnstarted(services, task, message)) return;
  const asleep = await isAsleep(services.db, task.tenant_id, services.settings.idleMs);
  if (task.failure?.type !== FAILURE_TYPES.codeFailing) {
    await services.engine.cancel(task.id, message);
    if (await finishTask(services, task.id, PATIENCE.stop)) return;
    if (await answers(services, task, asleep ? undefined : PATIENCE.probe)) return;
  }
  await services.engine.terminate(task.id, message);
  await finishTask(services, task.id, PATIENCE.terminate);
}

/** A task that has no execution ends with its row; should one start at this moment, whoever starts it finds the row ended. */
async function endUnstarted(services: Services, task: TaskRow, message: string): Promise<boolean> {
  if (task.status !== "PENDING") return false;
  const { status } = await services.engine.describe(task.id);
  if (status !== "absent") return false;
  await endWithoutExecution(services, task, { type: FAILURE_TYPES.cancelled, message });
  return true;
}

/** @param patience milliseconds; without it as long as a host may take that is being started */
async function answers(services: Services, task: TaskRow, patience: number | undefined): Promise<boolean> {
  try {
    await services.engine.state(task.id, patience);
    return true;
  } catch (error) {
    if (error instanceof NtroError && error.code === "TASK_UNREACHABLE") return false;
    if (error instanceof NtroError && error.code === "TASK_CLOSED") return true;
    throw error;
  }
}
