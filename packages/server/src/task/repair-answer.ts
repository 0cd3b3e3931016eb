import type { ExecutionCode, LaterChild, Repair, RepairCheck } from "@ntro/contract";
import type { Services } from "../services";
import type { Db } from "../store/database";
import { type CheckRow, findRequest, type RequestRow, readChecks } from "../store/repair-requests";
import { repairsOfTask } from "../store/repairs";
import { revisionsOfTypes } from "../store/revisions";
import type { TaskRow } from "../store/tasks";
import { readHeardStates } from "../store/workflow-states";

/** A repair as it is answered. */
async function toRepair(db: Db, row: RequestRow, tenantSlug: string): Promise<Repair> {
  const checks = await readChecks(db, row.id);
  return {
    id: row.id,
    tenantSlug,
    taskId: row.task_id,
    status: row.status === "applying" ? "checking" : row.status,
    message: row.message,
    checks: checks.map(toCheck),
    laterChildren: row.later_children.map((child): LaterChild => child),
    notices: row.notices,
    requestedBy: row.actor.name,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}

function toCheck(row: CheckRow): RepairCheck {
  const fields = {
    workflowId: row.workflow_id,
    taskId: row.task_id,
    title: row.title,
    from: { slug: row.from_slug, version: row.from_version, digest: row.from_digest },
    to: { slug: row.to_slug, version: row.to_version, digest: row.to_digest },
  };
  const { report } = row;
  if (report === null || row.status === "waiting" || row.status === "same")
    return { ...fields, status: row.status === "same" ? "same" : "waiting" };
  return report.status === "unfit" ? { ...fields, ...report, step: report.step ?? null } : { ...fields, ...report };
}

/** A repair once it is settled, or as it is after so many milliseconds. */
export async function awaitRepair(
  services: Services,
  id: string,
  tenantSlug: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Repair | undefined> {
  const { db, events } = services;
  const deadline = Date.now() + milliseconds;
  let wake = () => {};
  let due = true;
  const nudge = () => {
    due = true;
    wake();
  };
  const forget = events.onNudge(nudge);
  signal.addEventListener("abort", nudge);
  try {
    for (;;) {
      due = false;
      const row = await findRequest(db, id);
      if (!row) return undefined;
      const left = deadline - Date.now();
      const settled = row.status !== "checking" && row.status !== "applying";
      if (settled || left <= 0 || signal.aborted) return await toRepair(db, row, tenantSlug);
      if (due) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    forget();
    signal.removeEventListener("abort", nudge);
  }
}

/** Which code a task and its children that run go on with. */
export async function codeOfTask(db: Db, task: TaskRow): Promise<ExecutionCode[]> {
  const own = { slug: task.runbook_slug, version: task.runbook_version, digest: task.digest };
  const code = new Map<string, ExecutionCode>([[task.id, { workflowId: task.id, code: own, repaired: null }]]);
  const locked = await revisionsOfTypes(
    db,
    task.tenant_id,
    Object.values(task.lock ?? {}).map(({ type }) => type),
  );
  for (const state of await readHeardStates(db, task.id))
    for (const { workflow_id: workflowId, slug, status } of state.children) {
      const child = locked.find((revision) => revision.slug === slug);
      if (status === "running" && child) code.set(workflowId, { workflowId, code: child, repaired: null });
    }
  for (const row of await repairsOfTask(db, task.id)) {
    const { workflow_id: workflowId } = row;
    const to = { slug: row.to_slug, version: row.to_version, digest: row.to_digest };
    const from = { slug: row.from_slug, version: row.from_version, digest: row.from_digest };
    const repaired = { from, by: row.actor.name, at: row.at.toISOString(), reason: row.reason };
    // Otherwise only the lock of its children has changed.
    const changed = to.digest !== from.digest || to.version !== from.version;
    const before = code.get(workflowId)?.repaired ?? null;
    // A child that has ended is not shown.
    if (code.has(workflowId)) code.set(workflowId, { workflowId, code: to, repaired: changed ? repaired : before });
  }
  return [...code.values()];
}
