import { rootTaskId, type StateReport } from "@ntro/contract";
import * as z from "zod";
import { type Access, mayTouch } from "../core/access";
import { type HeardState, projectTask, type TaskEvent, takeReport } from "../core/project-state";
import type { Services } from "../services";
import { inTransaction } from "../store/database";
import { appendEvents } from "../store/events";
import { findTask, lockOpenTask, updateTask } from "../store/tasks";
import { putHeardState, readHeardStates } from "../store/workflow-states";
import { closeTask } from "./close";

/** Milliseconds to wait for Temporal to have closed what a host says is closing; the sweep finds what takes longer. */
const CLOSING_PATIENCE = 15_000;

/**
 * Takes what a host tells of its workflows: rows and events follow. Reports about tasks that are not there, not the host's or ended are left out, as
 * the host could do nothing about them.
 */
export async function takeReports(services: Services, access: Access, reports: readonly StateReport[]): Promise<void> {
  for (const [taskId, ofTask] of byTask(reports)) {
    if (!z.uuid().safeParse(taskId).success) continue;
    await takeTaskReports(services, access, taskId, ofTask);
    if (ofTask.some((report) => report.kind === "state" && report.closing !== null && report.workflow_id === taskId))
      void confirmClosing(services, taskId);
  }
}

function byTask(reports: readonly StateReport[]): Map<string, StateReport[]> {
  const tasks = new Map<string, StateReport[]>();
  for (const report of reports) {
    const taskId = rootTaskId(report.workflow_id);
    tasks.set(taskId, [...(tasks.get(taskId) ?? []), report]);
  }
  return tasks;
}

async function takeTaskReports(
  services: Services,
  access: Access,
  taskId: string,
  reports: readonly StateReport[],
): Promise<void> {
  await inTransaction(services.db, async (trx) => {
    const task = await lockOpenTask(trx, taskId);
    if (!task || !mayTouch(access, task.tenant_id)) return;
    const states = new Map((await readHeardStates(trx, taskId)).map((state) => [state.workflowId, state]));
    const events: TaskEvent[] = [];
    const changed = new Map<string, HeardState>();
    for (const report of reports) {
      const taken = takeReport(states.get(report.workflow_id), report);
      if (!taken) continue;
      states.set(report.workflow_id, taken.state);
      changed.set(report.workflow_id, taken.state);
      events.push(...taken.events);
    }
    if (changed.size === 0) return;
    for (const state of changed.values()) await putHeardState(trx, taskId, state);
    const root = states.get(taskId);
    if (task.status === "PENDING") events.unshift({ type: "task.started", data: { runId: root?.runId ?? null } });
    await updateTask(trx, taskId, {
      ...projectTask(taskId, [...states.values()]),
      runId: root?.runId ?? task.run_id,
      startedAt: task.started_at ?? new Date(),
    });
    await appendEvents(
      trx,
      events.map((event) => ({ ...event, tenantId: task.tenant_id, taskId })),
    );
  });
}

/** Waits until Temporal has closed a task, then ends its row. */
async function confirmClosing(services: Services, taskId: string): Promise<void> {
  try {
    await finishTask(services, taskId, CLOSING_PATIENCE);
  } catch (error) {
    services.log.warn({ err: error, taskId }, "a task that is closing could not be ended yet; it is tried again");
  }
}

/** Ends the row of a task whose execution has closed, waiting that long for it. False when it still runs or is not known. */
export async function finishTask(services: Services, taskId: string, waitMs = 0): Promise<boolean> {
  const task = await findTask(services.db, taskId);
  if (!task || task.closed_at !== null) return true;
  const execution = await services.engine.describe(taskId, waitMs);
  if (execution.status === "running" || execution.status === "absent") return false;
  await closeTask(services, task, execution);
  return true;
}
