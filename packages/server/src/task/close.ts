import { type Actor, FAILURE_TYPES, type TaskFailure } from "@ntro/contract";
import { PLATFORM_ACTOR } from "../core/access";
import type { ExecutionState } from "../engine/engine";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { inTransaction } from "../store/database";
import { appendEvents, nudgeWorkers } from "../store/events";
import { putResult } from "../store/task-records";
import { endTask, type TaskRow } from "../store/tasks";
import { tenantsWithEnded } from "./final-state";

type Closed = Extract<ExecutionState, { status: "completed" | "failed" }>;
type EndingTask = Pick<TaskRow, "id" | "tenant_id" | "title">;

/**
 * Ends a task's row as its execution ended: its result goes into the tenant's database first, so a task that reads COMPLETED has one. Repeating it changes
 * nothing.
 */
export async function closeTask(services: Services, task: EndingTask, execution: Closed): Promise<void> {
  const { id: taskId, tenant_id: tenantId } = task;
  const result = execution.status === "completed" ? execution.result : null;
  await putResult(services.tenantDatabases, tenantId, { taskId, result, closedAt: execution.closedAt });
  const failure = execution.status === "failed" ? await nameCancellation(services, taskId, execution.failure) : null;
  const ended = await endRow(services, task, { failure, closedAt: execution.closedAt, runId: execution.runId });
  if (ended) tenantsWithEnded(services).add(tenantId);
}

/** Ends a task that has no execution, or whose execution Temporal no longer knows. */
export async function endWithoutExecution(services: Services, task: EndingTask, failure: TaskFailure): Promise<void> {
  await endRow(services, task, { failure, closedAt: new Date(), runId: null });
}

async function endRow(
  services: Services,
  task: EndingTask,
  end: { failure: TaskFailure | null; closedAt: Date; runId: string | null },
): Promise<boolean> {
  const { failure } = end;
  const status = failure === null ? "COMPLETED" : "FAILED";
  return inTransaction(services.db, async (trx) => {
    if (!(await endTask(trx, task.id, { ...end, status }))) return false;
    await nudgeWorkers(trx);
    // A failure's message may name what is in the data; the row and the stream carry it to those who may see the task, the chain does not.
    const about = failure === null ? {} : { failureType: failure.type };
    const data = failure === null ? {} : { type: failure.type, message: failure.message };
    await appendEvents(trx, [
      { type: failure === null ? "task.completed" : "task.failed", tenantId: task.tenant_id, taskId: task.id, data },
    ]);
    await appendAudit(trx, {
      tenantId: task.tenant_id,
      actor: PLATFORM_ACTOR,
      action: failure === null ? "task.completed" : "task.failed",
      subject: `task:${task.id}`,
      detail: about,
    });
    return true;
  });
}

/** Temporal does not keep why an execution was cancelled; the audit chain does. */
async function nameCancellation(services: Services, taskId: string, failure: TaskFailure): Promise<TaskFailure> {
  if (failure.type !== FAILURE_TYPES.cancelled) return failure;
  const asked = await services.db
    .selectFrom("audit")
    .select(["actor", "detail"])
    .where("subject", "=", `task:${taskId}`)
    .where("action", "=", "task.cancelled")
    .orderBy("seq")
    .executeTakeFirst();
  return asked === undefined
    ? failure
    : { ...failure, message: cancellationMessage(asked.actor.name, asked.detail.reason) };
}

/** How a cancelled task's failure reads. */
export function cancellationMessage(by: unknown, reason: unknown): string {
  return `Cancelled by ${String(by)}${typeof reason === "string" && reason ? `: ${reason}` : "."}`;
}

/** Records who asked for a cancellation, before it is asked of Temporal. */
export async function recordCancellation(
  services: Services,
  task: EndingTask,
  actor: Actor,
  reason: string | null,
): Promise<void> {
  await inTransaction(services.db, (trx) =>
    appendAudit(trx, {
      tenantId: task.tenant_id,
      actor,
      action: "task.cancelled",
      subject: `task:${task.id}`,
      detail: { reason },
    }),
  );
}
