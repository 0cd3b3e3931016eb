import { type Actor, type Concurrency, type Lock, NtroError, Period, taskQueue } from "@ntro/contract";
import type { Transaction } from "kysely";
import { concurrencyOf, hindrance, stricter, taskRunning } from "../core/concurrency";
import { lockable, lockChildren } from "../core/lock";
import { chooseRevision, taskInput, taskTitle } from "../core/start-task";
import type { StartExecution } from "../engine/engine";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { inTransaction } from "../store/database";
import type { EntityRow } from "../store/entities";
import { appendEvents, nudgeWorkers } from "../store/events";
import { currentRevisions, type ReadyRevision, revisionById, revisionsOf } from "../store/ready-revisions";
import { holdRevisions, RevisionGone } from "../store/revision-holds";
import type { Tables } from "../store/tables";
import { findTask, insertTask, lockOpenTask, otherOpenTasks, type TaskRow } from "../store/tasks";
import { holdActiveTenant, requireActive, type TenantRow } from "../store/tenants";
import { lockWorkflow, type WorkflowRow } from "../store/workflows";
import { endWithoutExecution } from "./close";

/** A task that somebody, or a schedule, asks for. */
export interface TaskRequest {
  readonly id: string;
  readonly tenant: TenantRow;
  readonly entity: EntityRow;
  readonly workflow: WorkflowRow;
  readonly context: Record<string, unknown>;
  readonly actor: Actor;
  /** The firing it is for; null when asked for by hand. */
  readonly nominalTime: Date | null;
  /** A stricter rule than the workflow's own, for this start. */
  readonly concurrency?: Concurrency;
  /** Runs in the transaction that records the task, with the workflow as it holds it; what it throws undoes both. */
  readonly alsoRecord?: (trx: Transaction<Tables>, held: WorkflowRow) => Promise<void>;
}

/**
 * The revision and the execution of a task that is asked for: everything that can be checked before anything is written.
 * @throws NtroError `RUNBOOK_NOT_READY`, `INPUT_INVALID`, `TENANT_NOT_ACTIVE`
 */
export async function planTask(
  services: Services,
  request: Pick<TaskRequest, "id" | "tenant" | "entity" | "workflow" | "context">,
): Promise<{ readonly revision: ReadyRevision; readonly execution: Execution }> {
  const { tenant, workflow } = request;
  requireActive(tenant);
  const revisions = await revisionsOf(services.db, tenant.id, workflow.runbook_slug);
  const revision = chooseRevision(
    { runbookSlug: workflow.runbook_slug, runbookVersion: workflow.runbook_version },
    revisions,
  );
  return { revision, execution: await makeExecution(services, request, revision) };
}

/**
 * Records a task and starts it. Everything is checked before the first row is written; once it is, the task is sure to run: when this process or Temporal
 * is gone before the execution exists, {@link startPendingTasks} starts it.
 * @throws NtroError `RUNBOOK_NOT_READY`, `INPUT_INVALID`, `TENANT_NOT_ACTIVE`, `WORKFLOW_NOT_FOUND`, `TASK_RUNNING`
 */
export async function startTask(services: Services, request: TaskRequest): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return await startOnChosen(services, request);
    } catch (error) {
      // What was chosen was superseded and pruned within milliseconds: what is current now is chosen instead.
      if (!(error instanceof RevisionGone) || attempt === CHOICES) throw error;
    }
}

/** How often a revision is chosen at most for one task. */
const CHOICES = 3;

async function startOnChosen(services: Services, request: TaskRequest): Promise<void> {
  const { db } = services;
  const { tenant, workflow, entity } = request;
  const { revision, execution } = await planTask(services, request);
  const { input, lock } = execution;
  const recorded = await inTransaction(db, async (trx) => {
    await holdActiveTenant(trx, tenant.id);
    // Two starts of one workflow come one after the other, so that the second sees the task of the first.
    const held = await lockWorkflow(trx, workflow.id, "update");
    if (!held) throw new NtroError("WORKFLOW_NOT_FOUND", `The workflow ${workflow.id} was deleted.`);
    const locked = Object.values(lock).map(({ type }) => type);
    await holdRevisions(trx, tenant.id, { types: [revision.workflow_type, ...locked] });
    const period = Period.safeParse(input.period).data ?? null;
    const priority = request.context.priority;
    const isNew = await insertTask(trx, {
      id: request.id,
      tenantId: tenant.id,
      entityId: entity.id,
      workflowId: workflow.id,
      revisionId: revision.id,
      title: taskTitle({
        name: workflow.name ?? revision.manifest.name,
        entityName: entity.name,
        context: request.context,
      }),
      context: request.context,
      priority: typeof priority === "string" ? priority : null,
      createdBy: request.actor.name,
      nominalTime: request.nominalTime,
      period,
      lock,
    });
    if (!isNew) return false;
    const own = concurrencyOf(revision.manifest.concurrency, held.schedule);
    const rule = stricter(own, request.concurrency ?? "any");
    const running = hindrance(rule, period, await otherOpenTasks(trx, workflow.id, request.id));
    if (running) throw taskRunning(rule, running);
    await request.alsoRecord?.(trx, held);
    // The tenant's host may have to be started.
    await nudgeWorkers(trx);
    const about = {
      workflowId: workflow.id,
      runbook: workflow.runbook_slug,
      version: revision.version,
      digest: revision.digest,
    };
    await appendEvents(trx, [{ type: "task.created", tenantId: tenant.id, taskId: request.id, data: about }]);
    await appendAudit(trx, {
      tenantId: tenant.id,
      actor: request.actor,
      action: "task.created",
      subject: `task:${request.id}`,
      detail: about,
    });
    return true;
  });
  if (recorded) await launchQuietly(services, request.id);
}

/** What keeps a task from starting now is tried again later, so it is not this request's error. */
async function launchQuietly(services: Services, taskId: string): Promise<void> {
  try {
    await launchTask(services, taskId);
  } catch (error) {
    services.log.warn({ err: error, taskId }, "a task was recorded but could not be started yet; it is tried again");
  }
}

type Execution = Pick<StartExecution, "workflowType" | "taskQueue" | "input" | "lock" | "tenantSlug">;

/**
 * The one execution of a task: its input and its lock.
 * @param kept the lock as it was recorded with the task; without it the children are locked to what is current now
 * @throws NtroError `INPUT_INVALID`, `RUNBOOK_NOT_READY`
 */
async function makeExecution(
  services: Services,
  request: Pick<TaskRequest, "id" | "tenant" | "entity" | "workflow" | "context">,
  revision: ReadyRevision,
  kept?: Lock | null,
): Promise<Execution> {
  const { tenant, entity } = request;
  const input = taskInput({
    taskId: request.id,
    tenant,
    entity,
    defaultConfig: request.workflow.default_config,
    context: request.context,
    runbook: `${revision.slug}@${revision.version}`,
    inputSchema: revision.described?.inputSchema ?? null,
    global: revision.manifest.configSchema.global,
  });
  const lock =
    kept ??
    lockChildren(lockable(revision), (await currentRevisions(services.db, tenant.id)).map(lockable), tenant.slug);
  return {
    workflowType: revision.workflow_type,
    taskQueue: taskQueue(tenant.slug, revision.language, revision.environment),
    input,
    lock,
    tenantSlug: tenant.slug,
  };
}

/**
 * Starts the execution of a PENDING task, or finds the one that an earlier attempt started. A task that cannot start any more (its input no longer fits, as
 * settings have changed since) fails.
 * @throws NtroError `ENGINE_UNAVAILABLE`
 */
export async function launchTask(services: Services, taskId: string): Promise<void> {
  const { db, engine } = services;
  const task = await findTask(db, taskId);
  if (task?.status !== "PENDING") return;
  let execution: Execution;
  try {
    execution = await executionOf(services, task);
  } catch (error) {
    if (!(error instanceof NtroError) || (error.code !== "INPUT_INVALID" && error.code !== "RUNBOOK_NOT_READY"))
      throw error;
    await endWithoutExecution(services, task, { type: error.code, message: error.message });
    return;
  }
  const { runId } = await engine.start({ workflowId: task.id, ...execution });
  const open = await inTransaction(db, async (trx) => {
    const locked = await lockOpenTask(trx, task.id);
    if (!locked) return false;
    // A fast host may have reported already: then its report has moved the row.
    if (locked.status !== "PENDING") return true;
    await trx
      .updateTable("tasks")
      .set({ status: "READY", run_id: runId, started_at: new Date(), updated_at: new Date() })
      .where("id", "=", task.id)
      .execute();
    await appendEvents(trx, [{ type: "task.started", tenantId: task.tenant_id, taskId: task.id, data: { runId } }]);
    return true;
  });
  // Cancelled between its row and its start.
  if (!open) await engine.terminate(task.id, "The task was cancelled before it started.");
}

async function executionOf(services: Services, task: TaskRow): Promise<Execution> {
  const { db } = services;
  const [tenant, entity, workflow, revision] = await Promise.all([
    db.selectFrom("tenants").selectAll().where("id", "=", task.tenant_id).executeTakeFirstOrThrow(),
    db.selectFrom("entities").selectAll().where("id", "=", task.entity_id).executeTakeFirstOrThrow(),
    db.selectFrom("workflows").selectAll().where("id", "=", task.workflow_id).executeTakeFirstOrThrow(),
    revisionById(db, task.tenant_id, task.revision_id),
  ]);
  const request = { id: task.id, tenant, entity, workflow, context: task.context };
  return makeExecution(services, request, revision, task.lock);
}
