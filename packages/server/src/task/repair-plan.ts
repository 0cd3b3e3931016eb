import { type CheckOpenTasks, NtroError, type RepairTask } from "@ntro/contract";
import { sql } from "kysely";
import { lockable } from "../core/lock";
import {
  meantRevision,
  neverFits,
  type OpenExecution,
  planRepair,
  type RepairPlan,
  type RepairRevision,
} from "../core/repair";
import { requireOpen } from "../core/start-task";
import type { Services } from "../services";
import { currentRevisions, type ReadyRevision, revisionOfType, revisionsOf } from "../store/ready-revisions";
import type { NewCheck } from "../store/repair-requests";
import { revisionsInForce } from "../store/repairs";
import { runbookNotFound } from "../store/revisions";
import type { TaskRow } from "../store/tasks";
import type { TenantRow } from "../store/tenants";

/** How many executions one report may cover. */
const MOST_CHECKS = 500;

/** A revision with what a repair needs to know of it. */
function repairable(revision: ReadyRevision): RepairRevision {
  return { ...lockable(revision), id: revision.id, readyAt: revision.readyAt };
}

/**
 * What a repair of a task comes to.
 * @throws NtroError `TASK_CLOSED`, `REPAIR_REFUSED`, `VERSION_NOT_FOUND`, `RUNBOOK_NOT_READY`, `RUNBOOK_NOT_FOUND`
 */
export async function planTaskRepair(services: Services, task: TaskRow, asked: RepairTask): Promise<RepairPlan> {
  const { db } = services;
  requireOpen(task);
  const open = await openExecutions(services, task);
  if (open.length === 0)
    throw new NtroError("REPAIR_REFUSED", "The task has not begun yet, or is just ending. Nothing changed.", {
      hint: "Try again in a moment.",
    });
  const meant = async (slug: string, reference: string) => {
    const revisions = await revisionsOf(db, task.tenant_id, slug);
    if (revisions.length === 0) throw await runbookNotFound(db, task.tenant_id, slug);
    return meantRevision(slug, reference, revisions.map(repairable));
  };
  const children = await Promise.all(
    Object.entries(asked.children ?? {}).map(async ([slug, to]) => [slug, await meant(slug, to)] as const),
  );
  const lock = task.lock ?? {};
  const locked = await Promise.all(Object.values(lock).map(({ type }) => revisionOfType(db, task.tenant_id, type)));
  return planRepair({
    taskId: task.id,
    tenantSlug: task.tenant_slug,
    open,
    to: asked.to === undefined ? undefined : await meant(task.runbook_slug, asked.to),
    children: new Map(children),
    lock,
    current: (await currentRevisions(db, task.tenant_id)).map(repairable),
    locked: new Map(locked.flatMap((revision) => (revision ? [[revision.workflow_type, revision] as const] : []))),
  });
}

/** A task's own execution and its children's down to the last, as Temporal has them now, with the revision each runs. Empty when the task itself is not open there. */
export async function openExecutions(
  services: Services,
  task: Pick<TaskRow, "id" | "tenant_id">,
): Promise<OpenExecution[]> {
  const inForce = await revisionsInForce(services.db, task.id);
  const follow = async (workflowId: string): Promise<OpenExecution[]> => {
    const seen = await services.engine.look(workflowId);
    if (!seen) return [];
    const revision = await revisionOfType(services.db, task.tenant_id, seen.workflowType, inForce.get(workflowId));
    const below = await Promise.all(seen.children.map(follow));
    return [...(revision ? [{ workflowId, revision: repairable(revision) }] : []), ...below.flat()];
  };
  return follow(task.id);
}

/**
 * What a report on every open task and child of a runbook has to try.
 * @throws NtroError `RUNBOOK_NOT_FOUND`, `VERSION_NOT_FOUND`, `RUNBOOK_NOT_READY`
 */
export async function planOpenChecks(
  services: Services,
  tenant: TenantRow,
  slug: string,
  { to }: CheckOpenTasks,
): Promise<{ checks: NewCheck[]; notices: string[] }> {
  const { db } = services;
  const revisions = await revisionsOf(db, tenant.id, slug);
  if (revisions.length === 0) throw await runbookNotFound(db, tenant.id, slug);
  const current = revisions.find((revision) => revision.current);
  const target = to === undefined ? current && repairable(current) : meantRevision(slug, to, revisions.map(repairable));
  if (!target)
    throw new NtroError("RUNBOOK_NOT_READY", `The runbook ${slug} has no current version that is ready.`, {
      hint: "Name a version with --to.",
    });
  const tasks = await tasksThatMayRun(services, tenant.id, slug);
  const executions = await Promise.all(
    tasks.slice(0, MOST_CHECKS).map(async ({ id }) => {
      const open = await openExecutions(services, { id, tenant_id: tenant.id });
      return open.filter(({ revision }) => revision.slug === slug).map((execution) => ({ taskId: id, ...execution }));
    }),
  );
  const all = executions.flat();
  return {
    checks: all.slice(0, MOST_CHECKS).map((execution) => newCheck(execution.taskId, execution, target)),
    notices:
      all.length > MOST_CHECKS || tasks.length > MOST_CHECKS ? [`Only the first ${MOST_CHECKS} were looked at.`] : [],
  };
}

/** Open tasks of a runbook, and those that were heard to have a child of it, oldest first. */
async function tasksThatMayRun({ db }: Services, tenantId: string, slug: string) {
  return db
    .selectFrom("tasks")
    .innerJoin("revisions as r", "r.id", "tasks.revision_id")
    .select("tasks.id")
    .where("tasks.tenant_id", "=", tenantId)
    .where("tasks.closed_at", "is", null)
    .where((where) =>
      where.or([
        where("r.slug", "=", slug),
        where.exists(
          where
            .selectFrom("workflow_states as s")
            .select("s.workflow_id")
            .whereRef("s.task_id", "=", "tasks.id")
            .where(sql<boolean>`s.children @> ${JSON.stringify([{ slug, status: "running" }])}::jsonb`),
        ),
      ]),
    )
    .orderBy("tasks.created_at")
    .limit(MOST_CHECKS + 1)
    .execute();
}

/** A check as it is recorded: one that changes nothing, or can never fit, is not tried. */
export function newCheck(taskId: string, { workflowId, revision: from }: OpenExecution, to: RepairRevision): NewCheck {
  const base = { taskId, workflowId, fromRevision: from.id, toRevision: to.id };
  if (from.id === to.id) return { ...base, status: "same", report: null };
  const message = neverFits(from, to);
  return message === undefined
    ? { ...base, status: "waiting", report: null }
    : { ...base, status: "failed", report: { status: "failed", message } };
}
