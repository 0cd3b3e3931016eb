import { NtroError, type Repair, rootTaskId } from "@ntro/contract";
import * as z from "zod";
import { actorOf, mayTouch } from "../core/access";
import type { Services } from "../services";
import { findReplay, findRequest, type NewCheck } from "../store/repair-requests";
import { requireTask } from "../store/tasks";
import { requireActive, requireTenant } from "../store/tenants";
import { awaitRepair } from "../task/repair-answer";
import { takeReplayReport } from "../task/repair-duty";
import { requestRepair } from "../task/repair-flow";
import { newCheck, planOpenChecks, planTaskRepair } from "../task/repair-plan";
import type { Caller, Handlers } from "./handler";

type RepairRoute = "repairs.create" | "repairs.checkOpen" | "repairs.get" | "worker.reportReplay";

export const repairHandlers: Pick<Handlers, RepairRoute> = {
  "repairs.create": async (services, { caller, params, query, body, creationId, signal }) => {
    const { db } = services;
    const task = await requireTask(db, caller, rootTaskId(params.id));
    if (params.id !== task.id)
      throw new NtroError("REQUEST_INVALID", `${params.id} is a child of the task ${task.id}.`, {
        hint: `Repair the task and name the child by its runbook: ntro run repair ${task.id} --child <slug>@<version>`,
      });
    const check = body.check ?? false;
    if (!(await findRequest(db, creationId))) {
      const { checks, lock, laterChildren } = await planTaskRepair(services, task, body);
      await requestRepair(services, {
        id: creationId,
        tenantId: task.tenant_id,
        taskId: task.id,
        checkOnly: check,
        checks: checks.map(({ workflowId, from, to }) => newCheck(task.id, { workflowId, revision: from }, to)),
        lock,
        laterChildren,
        notices: [],
        actor: actorOf(caller),
        reason: body.reason || null,
      });
    }
    const repair = await settled(services, caller, creationId, query.wait, signal);
    if (!check) requireApplied(repair);
    return repair;
  },

  "repairs.checkOpen": async (services, { caller, params, query, body, creationId, signal }) => {
    const { db } = services;
    const tenant = await requireTenant(db, caller, body.tenantSlug);
    requireActive(tenant);
    if (!(await findRequest(db, creationId))) {
      const { checks, notices } = await planOpenChecks(services, tenant, params.slug, body);
      await requestRepair(services, {
        id: creationId,
        tenantId: tenant.id,
        taskId: null,
        checkOnly: true,
        checks: inOrder(checks),
        lock: {},
        laterChildren: [],
        notices,
        actor: actorOf(caller),
        reason: null,
      });
    }
    return settled(services, caller, creationId, query.wait, signal);
  },

  "repairs.get": async (services, { caller, params, query, signal }) =>
    settled(services, caller, params.id, query.wait, signal),

  "worker.reportReplay": async (services, { caller, params, body }) => {
    const replay = z.uuid().safeParse(params.id).success ? await findReplay(services.db, params.id) : undefined;
    if (!replay || !mayTouch(caller, replay.tenant_id))
      throw new NtroError("REPAIR_NOT_FOUND", `Nobody waits for the replay ${params.id}.`);
    const { request_id: requestId, task_id: taskId, workflow_id: workflowId } = replay;
    await takeReplayReport(services, { id: params.id, requestId, taskId, workflowId }, body);
    return { ok: true };
  },
};

/** A task before its children, and what needs no host last. */
function inOrder(checks: readonly NewCheck[]): NewCheck[] {
  const rank = ({ status }: NewCheck) => (status === "waiting" ? 0 : 1);
  return [...checks].sort((one, other) => rank(one) - rank(other));
}

/** @throws NtroError `REPAIR_NOT_FOUND`, the same whether it is not there or not the caller's */
async function settled(
  services: Services,
  caller: Caller,
  id: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Repair> {
  const { db } = services;
  const row = z.uuid().safeParse(id).success ? await findRequest(db, id) : undefined;
  const tenant = row && mayTouch(caller, row.tenant_id) ? await requireTenant(db, caller, row.tenant_id) : undefined;
  const repair = tenant && (await awaitRepair(services, id, tenant.slug, seconds * 1000, signal));
  if (repair) return repair;
  throw new NtroError("REPAIR_NOT_FOUND", `There is no repair ${id}.`, {
    hint: "`ntro run status <task>` shows how a task was repaired.",
  });
}

/** @throws NtroError `REPAIR_REFUSED` when some history does not fit, `TASK_UNREACHABLE` when it could not be tried */
function requireApplied({ status, checks, message, taskId }: Repair): void {
  const details = checks.filter((check) => check.status === "unfit" || check.status === "failed");
  if (status === "refused")
    throw new NtroError("REPAIR_REFUSED", "The task's history does not fit this version. Nothing changed.", {
      hint: `Correct the version so that it does the same up to where the task stands, deploy it, and try again: ntro run repair ${taskId} --check --to <version>`,
      details,
    });
  if (status === "failed")
    throw new NtroError("TASK_UNREACHABLE", `${message ?? "The history could not be tried."} Nothing changed.`, {
      hint: "`ntro status` shows whether a worker runs; then try again.",
      details,
    });
}
