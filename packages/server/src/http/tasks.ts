import { NtroError, rootTaskId, type Task } from "@ntro/contract";
import * as z from "zod";
import { actorOf } from "../core/access";
import { nextStep, unreachableStep } from "../core/next-step";
import type { Services } from "../services";
import { requireEntity } from "../store/entities";
import { readEvents } from "../store/events";
import { isAsleep } from "../store/host-places";
import { makeCursor, Page, readCursor } from "../store/pages";
import { readResult } from "../store/task-records";
import { findTask, listTasks, requireTask, type TaskRow, toTask } from "../store/tasks";
import { requireTenant } from "../store/tenants";
import { requireVisibleEntity, requireWorkflow } from "../store/workflows";
import { cancelTask } from "../task/cancel";
import { catchUpWithState } from "../task/catch-up";
import { changeRow, decideTask } from "../task/decide";
import { readLiveStates } from "../task/live-state";
import { codeOfTask } from "../task/repair-answer";
import { startTask } from "../task/start";
import type { Caller, Handlers } from "./handler";

type TaskRoute =
  | "tasks.create"
  | "tasks.list"
  | "tasks.get"
  | "tasks.nextStep"
  | "tasks.logs"
  | "tasks.approve"
  | "tasks.reject"
  | "tasks.rowAction"
  | "tasks.cancel"
  | "schedule.list"
  | "entities.tasks";

/** Milliseconds that one task waits for what only Temporal knows of it. */
const INSPECTION_PATIENCE = 1_500;
/** Milliseconds without a report after which an open task's row is compared with its code. */
const STALE_AFTER = 60_000;

export const taskHandlers: Pick<Handlers, TaskRoute> = {
  "tasks.create": async (services, { caller, body, creationId }) => {
    const { db, settings } = services;
    const earlier = await findTask(db, creationId);
    if (earlier) return toTask(earlier, settings.tenantUiUrl);
    const tenant = await requireTenant(db, caller, body.tenantId);
    const asked = body.entityId ? await requireEntity(db, tenant, body.entityId) : undefined;
    const workflow = await requireWorkflow(db, caller, body.workflowId, {
      tenantId: tenant.id,
      entitySlug: asked?.slug,
    });
    const entity = asked ?? (await requireEntity(db, tenant, workflow.entity_id));
    await startTask(services, {
      id: creationId,
      tenant,
      entity,
      workflow,
      context: body.context,
      actor: actorOf(caller),
      nominalTime: null,
    });
    return toTask(await requireTask(db, caller, creationId), settings.tenantUiUrl);
  },

  "tasks.list": async ({ db, settings }, { caller, query }) => {
    const tenant = query.tenant === undefined ? undefined : await requireTenant(db, caller, query.tenant);
    const entity =
      query.entity === undefined
        ? undefined
        : tenant
          ? await requireEntity(db, tenant, query.entity)
          : await requireVisibleEntity(db, caller, query.entity);
    return listTasks(
      db,
      caller,
      { tenantId: tenant?.id, entityId: entity?.id, status: query.status },
      settings.tenantUiUrl,
      query,
    );
  },

  "entities.tasks": async ({ db, settings }, { caller, params, query }) => {
    const tenant = await requireTenant(db, caller, params.tenant);
    const entity = await requireEntity(db, tenant, params.entity);
    return listTasks(db, caller, { entityId: entity.id }, settings.tenantUiUrl, query);
  },

  "schedule.list": async ({ db, settings }, { caller, query }) => {
    const workflow = query.workflowId === undefined ? undefined : await requireWorkflow(db, caller, query.workflowId);
    return listTasks(db, caller, { workflowId: workflow?.id }, settings.tenantUiUrl, query);
  },

  "tasks.get": async (services, { caller, params }) => showTask(services, caller, params.id),

  "tasks.nextStep": async (services, { caller, params }) => {
    const { db, settings, tenantDatabases } = services;
    const row = await requireTask(db, caller, rootTaskId(params.id));
    const task = toTask(row, settings.tenantUiUrl);
    if (row.closed_at !== null) {
      const result = row.status === "COMPLETED" ? await readResult(tenantDatabases, row.tenant_id, row.id) : null;
      return nextStep({ ...task, result }, []);
    }
    if (row.status === "PENDING" || row.failure !== null) return nextStep(task, []);
    try {
      const { states } = await readLiveStates(services.engine, row.id);
      await catchUpWithState(services, row, states);
      return nextStep(task, states);
    } catch (error) {
      if (!(error instanceof NtroError)) throw error;
      if (error.code === "TASK_CLOSED") return nextStep({ ...task, status: "IN_PROGRESS" }, []);
      if (error.code === "TASK_UNREACHABLE") return unreachableStep(task, error.message);
      throw error;
    }
  },

  "tasks.logs": async ({ db }, { caller, params, query }) => {
    const task = await requireTask(db, caller, rootTaskId(params.id));
    const after = query.cursor === undefined ? "0" : readCursor(query.cursor, z.string().regex(/^\d+$/));
    const events = await readEvents(db, { taskId: task.id }, after, query.limit + 1);
    const shown = events.slice(0, query.limit);
    const last = shown[shown.length - 1];
    return new Page(
      shown.map((event) => ({ id: event.id, type: event.type, payload: event.data, createdAt: event.at })),
      events.length > query.limit && last ? makeCursor(last.id) : null,
    );
  },

  "tasks.approve": async (services, { caller, params, body }) => {
    await decideTask(services, caller, params.id, "approved", body);
    return readTask(services, caller, params.id);
  },

  "tasks.reject": async (services, { caller, params, body }) => {
    await decideTask(services, caller, params.id, "rejected", body);
    return readTask(services, caller, params.id);
  },

  "tasks.rowAction": async (services, { caller, params, body }) => {
    await changeRow(services, caller, params.id, body);
    return { ok: true };
  },

  "tasks.cancel": async (services, { caller, params, body }) => {
    await cancelTask(services, caller, params.id, body.reason?.trim() || null);
    return readTask(services, caller, params.id);
  },
};

/** A task's row as it is answered; of a child's id, the task it belongs to. */
export async function readTask({ db, settings }: Services, caller: Caller, id: string): Promise<Task> {
  return toTask(await requireTask(db, caller, rootTaskId(id)), settings.tenantUiUrl);
}

/** One task with its result, and what Temporal shows of its execution when it does so quickly. */
async function showTask(services: Services, caller: Caller, id: string): Promise<Task> {
  const { db, settings, tenantDatabases } = services;
  const found = await requireTask(db, caller, rootTaskId(id));
  const [execution, result, row, code] = await Promise.all([
    inspectQuickly(services, found),
    found.status === "COMPLETED" ? readResult(tenantDatabases, found.tenant_id, found.id) : undefined,
    refreshStale(services, found),
    codeOfTask(db, found),
  ]);
  return {
    ...toTask(row ?? (await requireTask(db, caller, found.id)), settings.tenantUiUrl),
    ...execution,
    code,
    ...(found.lock === null ? {} : { lock: found.lock }),
    ...(found.status === "COMPLETED" ? { result } : {}),
  };
}

async function inspectQuickly(
  { engine, log }: Services,
  task: TaskRow,
): Promise<Pick<Task, "execution" | "executionEvents"> | undefined> {
  if (task.status === "PENDING") return undefined;
  const timer = new AbortController();
  const tooLate = new Promise<null>((resolve) => {
    const timeout = setTimeout(() => resolve(null), INSPECTION_PATIENCE);
    timer.signal.addEventListener("abort", () => clearTimeout(timeout));
  });
  const inspected = engine.inspect(task.id).catch((error: unknown) => {
    log.info({ err: error, taskId: task.id }, "a task is shown without its execution");
    return null;
  });
  const seen = await Promise.race([inspected, tooLate]);
  timer.abort();
  if (seen === null) return undefined;
  return {
    execution: {
      temporalRunId: seen.runId,
      taskQueue: seen.taskQueue,
      workflowType: seen.workflowType,
      startedAt: seen.startedAt.toISOString(),
      closedAt: seen.closedAt?.toISOString() ?? null,
      historyLength: seen.historyLength,
    },
    executionEvents: [...seen.events],
  };
}

/** Makes up for a lost report of a task that was not heard of for a while, unless its host would have to be started for it; gives its row unless it may have changed. */
async function refreshStale(services: Services, task: TaskRow): Promise<TaskRow | undefined> {
  const isFresh = Date.now() - task.updated_at.getTime() < STALE_AFTER;
  if (task.closed_at !== null || task.status === "PENDING" || task.failure !== null || isFresh) return task;
  if (await isAsleep(services.db, task.tenant_id, services.settings.idleMs)) return task;
  try {
    const { states } = await readLiveStates(services.engine, task.id, INSPECTION_PATIENCE);
    return (await catchUpWithState(services, task, states)) ? undefined : task;
  } catch (error) {
    if (error instanceof NtroError) return task;
    throw error;
  }
}
