import { type Actor, type LaterChild, type Lock, NtroError } from "@ntro/contract";
import type { Transaction } from "kysely";
import { type OpenExecution, standsStill, verdictOf } from "../core/repair";
import type { Services } from "../services";
import { openAnswers } from "../store/answers";
import { appendAudit } from "../store/audit";
import { breaksConstraint, inTransaction } from "../store/database";
import { appendEvents, nudgeWorkers } from "../store/events";
import {
  askAgain,
  type CheckRow,
  failWaiting,
  findRequest,
  insertRequest,
  lockRequest,
  type NewRequest,
  ONE_AT_A_TIME,
  type RequestRow,
  readChecks,
  requestUnderWay,
  setRequest,
} from "../store/repair-requests";
import { insertRepair } from "../store/repairs";
import type { Tables } from "../store/tables";
import { lockOpenTask } from "../store/tasks";
import { openExecutions } from "./repair-plan";
import { tellRepairs } from "./repair-signal";

type Trx = Transaction<Tables>;

/** Milliseconds that a host has for a replay, from when it was asked for or the one before it was reported. */
const REPLAY_PATIENCE = 60_000;
/** How often a history is tried again because it grew meanwhile. */
const MOST_ROUNDS = 10;

/**
 * Records a request and has hosts try the histories. The same id again changes nothing.
 * @throws NtroError `REPAIR_REFUSED` when another repair of the task is under way
 */
export async function requestRepair(services: Services, request: NewRequest): Promise<void> {
  try {
    await inTransaction(services.db, async (trx) => {
      if (await insertRequest(trx, request)) await nudgeWorkers(trx);
    });
  } catch (error) {
    if (!breaksConstraint(error, ONE_AT_A_TIME)) throw error;
    const other = await requestUnderWay(services.db, request.taskId ?? "");
    throw new NtroError(
      "REPAIR_REFUSED",
      `Another repair of the task is being checked${other ? `, asked for by ${other.actor.name}` : ""}. Nothing changed.`,
      { hint: "Wait until that is done, then look at the task again.", cause: error },
    );
  }
  await advanceRepair(services, request.id);
}

/**
 * Takes a request as far as it goes now: ends it when a history does not fit or nobody tried it, applies it when all fit. Called whenever a host has reported, and
 * again and again by a duty, so that a crash stops nothing.
 */
export async function advanceRepair(services: Services, id: string): Promise<void> {
  const { db } = services;
  const request = await findRequest(db, id);
  if (request?.status === "applying") return lookAndApply(services, request);
  if (request?.status !== "checking") return;
  const checks = await readChecks(db, id);
  const verdict = verdictOf(
    request.check_only,
    checks.map(({ status }) => status),
  );
  if (verdict === "waiting") return endWhenLate(services, request, checks);
  const changesNothing = checks.every(({ status }) => status === "same") && Object.keys(request.lock).length === 0;
  if (verdict === "apply" && !changesNothing) {
    if (await move(services, request, "applying")) await lookAndApply(services, { ...request, status: "applying" });
    return;
  }
  const status = verdict === "apply" ? "checked" : verdict;
  await move(services, request, status, status === "failed" ? firstFailure(checks) : null);
}

function firstFailure(checks: readonly CheckRow[]): string | null {
  const [failed] = checks.flatMap(({ report }) => (report?.status === "failed" ? [report.message] : []));
  return failed ?? null;
}

/** Moves a request on from the status it was read with; false when somebody else has moved it. */
async function move(
  services: Services,
  request: Pick<RequestRow, "id" | "status">,
  to: RequestRow["status"],
  message: string | null = null,
): Promise<boolean> {
  return inTransaction(services.db, async (trx) => {
    if ((await lockRequest(trx, request.id)).status !== request.status) return false;
    await setRequest(trx, request.id, to, message);
    // Those who wait for the request look at it again; hosts need not try any more.
    await nudgeWorkers(trx);
    return true;
  });
}

async function endWhenLate(services: Services, request: RequestRow, checks: readonly CheckRow[]): Promise<void> {
  const last = Math.max(...checks.flatMap((check) => [check.asked_at.getTime(), check.ended_at?.getTime() ?? 0]));
  if (Date.now() - last < REPLAY_PATIENCE) return;
  const message = `No host has tried the history within ${REPLAY_PATIENCE / 1000} seconds. \`ntro status\` shows whether a worker runs.`;
  await inTransaction(services.db, async (trx) => {
    if ((await lockRequest(trx, request.id)).status !== "checking") return;
    await failWaiting(trx, request.id, message);
    await nudgeWorkers(trx);
  });
  await advanceRepair(services, request.id);
}

/**
 * Applies a repair whose histories all fit, provided that every execution still stands where it was tried. From `applying` on new answers wait until it is decided,
 * so what is looked at here cannot change by them.
 */
async function lookAndApply(services: Services, request: RequestRow): Promise<void> {
  const { db } = services;
  const taskId = request.task_id;
  if (taskId === null) return;
  const checks = await readChecks(db, request.id);
  const open = await openExecutions(services, { id: taskId, tenant_id: request.tenant_id });
  const stopped = whyNot(request.lock, checks, open);
  if (stopped !== undefined) {
    await move(services, request, "failed", stopped);
    return;
  }
  const moved = await movedOn(services, request, checks);
  if (moved.length > 0) return tryAgain(services, request, moved);
  await inTransaction(db, async (trx) => {
    if (!(await lockOpenTask(trx, taskId)) || (await lockRequest(trx, request.id)).status !== "applying") return;
    await apply(trx, request, taskId, checks, open);
  });
  await tellRepairs(services, taskId);
}

/** Why a repair that fits cannot be applied any more. */
function whyNot(lock: Lock, checks: readonly CheckRow[], open: readonly OpenExecution[]): string | undefined {
  const ids = new Set(open.map(({ workflowId }) => workflowId));
  const ended = checks.find(({ workflow_id }) => !ids.has(workflow_id));
  if (ended) return `${ended.workflow_id} has ended while it was checked.`;
  const named = new Set(checks.map(({ workflow_id }) => workflow_id));
  const started = open.find(
    ({ workflowId, revision }) =>
      !named.has(workflowId) &&
      checks.some(({ to_slug }) => to_slug === revision.slug) &&
      Object.hasOwn(lock, revision.slug),
  );
  return started && `The task has started ${started.workflowId} while it was checked. Try again.`;
}

/** The checks whose executions do not stand any more where they were tried. */
async function movedOn(services: Services, request: RequestRow, checks: readonly CheckRow[]): Promise<CheckRow[]> {
  const fitting = checks.filter(({ status }) => status === "fits");
  const answers = await openAnswers(services.tenantDatabases, request.tenant_id, { taskId: request.task_id ?? "" });
  const answered = answers.map(({ createdAt }) => createdAt);
  const stands = await Promise.all(
    fitting.map(async ({ workflow_id, report }) => {
      const events = report?.status === "fits" ? report.events : 0;
      return standsStill(events, await services.engine.look(workflow_id), answered, new Date());
    }),
  );
  return fitting.filter((_, index) => stands[index] !== true);
}

async function tryAgain(services: Services, request: RequestRow, moved: readonly CheckRow[]): Promise<void> {
  if (moved.some(({ round }) => round >= MOST_ROUNDS)) {
    const message = `The task moved on ${MOST_ROUNDS} times while it was checked. Try again when it waits for something.`;
    await move(services, request, "failed", message);
    return;
  }
  await inTransaction(services.db, async (trx) => {
    if ((await lockRequest(trx, request.id)).status !== "applying") return;
    await askAgain(
      trx,
      request.id,
      moved.map(({ position }) => position),
    );
    await setRequest(trx, request.id, "checking");
    await nudgeWorkers(trx);
  });
}

async function apply(
  trx: Trx,
  request: RequestRow,
  taskId: string,
  checks: readonly CheckRow[],
  open: readonly OpenExecution[],
): Promise<void> {
  const targets = new Map(checks.map((check) => [check.workflow_id, check.to_revision]));
  const changesLock = Object.keys(request.lock).length > 0;
  for (const { workflowId, revision } of open) {
    const to = targets.get(workflowId) ?? revision.id;
    if (to === revision.id && !changesLock) continue;
    const repair = { workflowId, requestId: request.id, taskId, tenantId: request.tenant_id, lock: request.lock };
    await insertRepair(trx, { ...repair, fromRevision: revision.id, revisionId: to });
  }
  if (changesLock) await mergeLock(trx, taskId, request.lock);
  await setRequest(trx, request.id, "applied");
  await nudgeWorkers(trx);
  await record(trx, request, taskId, checks);
}

async function mergeLock(trx: Trx, taskId: string, changes: Lock): Promise<void> {
  const { lock } = await trx.selectFrom("tasks").select("lock").where("id", "=", taskId).executeTakeFirstOrThrow();
  await trx
    .updateTable("tasks")
    .set({ lock: JSON.stringify({ ...lock, ...changes }) })
    .where("id", "=", taskId)
    .execute();
}

async function record(trx: Trx, request: RequestRow, taskId: string, checks: readonly CheckRow[]): Promise<void> {
  const data = describeRepair(request.actor, request.later_children, checks);
  const tenantId = request.tenant_id;
  await appendEvents(trx, [{ type: "task.repaired", tenantId, taskId, data }]);
  await appendAudit(trx, {
    tenantId,
    actor: request.actor,
    action: "task.repaired",
    subject: `task:${taskId}`,
    detail: { ...data, repair: request.id, reason: request.reason },
  });
}

function describeRepair(actor: Actor, laterChildren: readonly LaterChild[], checks: readonly CheckRow[]) {
  return {
    by: actor.name,
    executions: checks
      .filter(({ status }) => status === "fits")
      .map((check) => ({
        workflowId: check.workflow_id,
        runbook: check.to_slug,
        from: { version: check.from_version, digest: check.from_digest },
        to: { version: check.to_version, digest: check.to_digest },
        // The last event of the history that was tried.
        event: check.report?.status === "fits" ? check.report.events : null,
      })),
    laterChildren: laterChildren.map(({ slug, to }) => ({
      runbook: slug,
      to: { version: to.version, digest: to.digest },
    })),
  };
}
