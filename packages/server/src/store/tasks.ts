import {
  type GateSummary,
  type Lock,
  NtroError,
  type StepState,
  type Task,
  type TaskFailure,
  type TaskStatus,
  taskStep,
} from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import * as z from "zod";
import { type Access, mayTouch } from "../core/access";
import type { OpenTask } from "../core/concurrency";
import type { Db } from "./database";
import { type Page, type PageRequest, readPage } from "./pages";
import type { Tables } from "./tables";

/** A task with the names of what it belongs to. */
export type TaskRow = Selectable<Tables["tasks"]> & {
  readonly tenant_slug: string;
  readonly entity_slug: string;
  readonly runbook_slug: string;
  readonly runbook_version: string;
  readonly digest: string;
  readonly workflow_type: string;
};

function tasks(db: Db) {
  return db
    .selectFrom("tasks")
    .innerJoin("tenants", "tenants.id", "tasks.tenant_id")
    .innerJoin("entities", "entities.id", "tasks.entity_id")
    .innerJoin("revisions", "revisions.id", "tasks.revision_id")
    .selectAll("tasks")
    .select([
      "tenants.slug as tenant_slug",
      "entities.slug as entity_slug",
      "revisions.slug as runbook_slug",
      "revisions.version as runbook_version",
      "revisions.digest",
      "revisions.workflow_type",
    ]);
}

/** A task by id; undefined when there is none. */
export async function findTask(db: Db, id: string): Promise<TaskRow | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined;
  return tasks(db).where("tasks.id", "=", id).executeTakeFirst();
}

/**
 * The task of an id.
 * @throws NtroError `TASK_NOT_FOUND`, the same whether it is not there or not the caller's
 */
export async function requireTask(db: Db, access: Access, id: string): Promise<TaskRow> {
  const row = await findTask(db, id);
  if (row && mayTouch(access, row.tenant_id)) return row;
  throw new NtroError("TASK_NOT_FOUND", `There is no task \`${id}\`.`, {
    hint: "`ntro run list` shows those you may see.",
  });
}

/** Which tasks a list is of. */
export interface TaskFilter {
  readonly tenantId?: string | undefined;
  readonly entityId?: string | undefined;
  readonly workflowId?: string | undefined;
  readonly status?: TaskStatus | undefined;
}

/** One page of the tasks a caller may see, newest first. */
export async function listTasks(
  db: Db,
  access: Access,
  filter: TaskFilter,
  uiUrl: string | null,
  page: PageRequest,
): Promise<Page<Task[]>> {
  let query = tasks(db);
  if (access.tenantId !== null) query = query.where("tasks.tenant_id", "=", access.tenantId);
  if (filter.tenantId !== undefined) query = query.where("tasks.tenant_id", "=", filter.tenantId);
  if (filter.entityId !== undefined) query = query.where("tasks.entity_id", "=", filter.entityId);
  if (filter.workflowId !== undefined) query = query.where("tasks.workflow_id", "=", filter.workflowId);
  if (filter.status !== undefined) query = query.where("tasks.status", "=", filter.status);
  return readPage(query, "tasks", "desc", page, (row) => toTask(row, uiUrl));
}

/** A task as it is answered, without what Temporal and the tenant's database know of it. */
export function toTask(row: TaskRow, uiUrl: string | null): Task {
  return {
    id: row.id,
    title: row.title,
    status: row.status,
    tenantId: row.tenant_id,
    entityId: row.entity_id,
    workflowId: row.workflow_id,
    dueDate: row.due_date?.toISOString() ?? null,
    priority: row.priority,
    steps: row.steps.map(taskStep),
    context: row.context,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    ...(uiUrl === null ? {} : { links: { workflow_ui: `${uiUrl}/tasks/${row.id}` } }),
    failure: row.failure,
    executionEvents: [],
    awaiting: row.gates[0]?.component ?? null,
    gates: row.gates,
    tenantSlug: row.tenant_slug,
    entitySlug: row.entity_slug,
    runbookSlug: row.runbook_slug,
    runbookVersion: row.runbook_version,
    digest: row.digest,
  };
}

/** A task to be recorded. */
export interface NewTask {
  readonly id: string;
  readonly tenantId: string;
  readonly entityId: string;
  readonly workflowId: string;
  readonly revisionId: string;
  readonly title: string;
  readonly context: Record<string, unknown>;
  readonly priority: string | null;
  readonly createdBy: string;
  /** The firing of the schedule it is for, null when somebody asked for it. */
  readonly nominalTime: Date | null;
  /** The accounting period `YYYY-MM` it is for, null when it is for none. */
  readonly period: string | null;
  readonly lock: Lock;
}

/** Records a task as PENDING; false when it was recorded before, by id or by firing. */
export async function insertTask(trx: Transaction<Tables>, task: NewTask): Promise<boolean> {
  const row = await trx
    .insertInto("tasks")
    .values({
      id: task.id,
      tenant_id: task.tenantId,
      entity_id: task.entityId,
      workflow_id: task.workflowId,
      revision_id: task.revisionId,
      title: task.title,
      status: "PENDING",
      priority: task.priority,
      due_date: task.nominalTime,
      context: JSON.stringify(task.context),
      created_by: task.createdBy,
      nominal_time: task.nominalTime,
      period: task.period,
      lock: JSON.stringify(task.lock),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** The tasks of a workflow that have not ended, oldest first, without one of them. */
export async function otherOpenTasks(trx: Transaction<Tables>, workflowId: string, id: string): Promise<OpenTask[]> {
  return trx
    .selectFrom("tasks")
    .select(["id", "title", "period"])
    .where("workflow_id", "=", workflowId)
    .where("id", "!=", id)
    .where("closed_at", "is", null)
    .orderBy("created_at")
    .execute();
}

/** Holds an open task still until the transaction ends; undefined when there is none, or it has ended. */
export async function lockOpenTask(
  trx: Transaction<Tables>,
  id: string,
): Promise<Selectable<Tables["tasks"]> | undefined> {
  return trx
    .selectFrom("tasks")
    .selectAll()
    .where("id", "=", id)
    .where("closed_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
}

/** What of a task's row changes while it is open. */
export interface TaskProgress {
  readonly status: TaskStatus;
  readonly steps: readonly StepState[];
  readonly gates: readonly GateSummary[];
  readonly failure: TaskFailure | null;
  readonly runId: string | null;
  readonly startedAt: Date | null;
}

export async function updateTask(trx: Transaction<Tables>, id: string, progress: TaskProgress): Promise<void> {
  await trx
    .updateTable("tasks")
    .set({
      status: progress.status,
      steps: JSON.stringify(progress.steps),
      gates: JSON.stringify(progress.gates),
      failure: progress.failure === null ? null : JSON.stringify(progress.failure),
      run_id: progress.runId,
      started_at: progress.startedAt,
      updated_at: sql<Date>`now()`,
    })
    .where("id", "=", id)
    .execute();
}

/** Ends a task's row; false when it had ended already. Open gates end with it. */
export async function endTask(
  trx: Transaction<Tables>,
  id: string,
  end: {
    readonly status: "COMPLETED" | "FAILED";
    readonly failure: TaskFailure | null;
    readonly closedAt: Date;
    readonly runId: string | null;
  },
): Promise<boolean> {
  const row = await trx
    .updateTable("tasks")
    .set({
      status: end.status,
      failure: end.failure === null ? null : JSON.stringify(end.failure),
      gates: "[]",
      closed_at: end.closedAt,
      updated_at: sql<Date>`now()`,
      ...(end.runId === null ? {} : { run_id: end.runId }),
    })
    .where("id", "=", id)
    .where("closed_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Tenants with tasks that are open or were at work in the last week: those in which a crash can have left something undone. */
export async function recentTenants(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom("tasks")
    .innerJoin("tenants", "tenants.id", "tasks.tenant_id")
    .select("tasks.tenant_id")
    .distinct()
    .where("tenants.status", "=", "ACTIVE")
    .where((where) =>
      where.or([
        where("tasks.closed_at", "is", null),
        where("tasks.updated_at", ">", sql<Date>`now() - interval '7 days'`),
      ]),
    )
    .execute();
  return rows.map((row) => row.tenant_id);
}
