import { type BodyOf, NtroError } from "@ntro/contract";
import { actorOf, mayTouch } from "../core/access";
import { periodsBetween } from "../core/backfill";
import type { Services } from "../services";
import { findBackfill, listBackfills, readBackfill, requireBackfill } from "../store/backfills";
import { requireEntity } from "../store/entities";
import { findTask } from "../store/tasks";
import { requireTenant } from "../store/tenants";
import { requireWorkflow } from "../store/workflows";
import { type BackfillRequest, cancelBackfill, createBackfill, planBackfill } from "../task/backfill";
import { finishBackfill, stepPeriod } from "../task/backfill-period";
import type { Caller, Handlers } from "./handler";

type BackfillRoute =
  | "backfills.create"
  | "backfills.plan"
  | "backfills.list"
  | "backfills.get"
  | "backfills.cancel"
  | "worker.backfillPeriod"
  | "worker.backfillWait"
  | "worker.backfillEnd";

/** Milliseconds for which a task's end is waited for in one request. */
const WAIT = 20_000;

export const backfillHandlers: Pick<Handlers, BackfillRoute> = {
  "backfills.create": async (services, { caller, body, creationId }) => {
    const { db } = services;
    const earlier = await findBackfill(db, creationId);
    if (earlier) return readBackfill(db, earlier);
    await createBackfill(services, await toRequest(services, caller, body, creationId));
    return readBackfill(db, await requireBackfill(db, caller, creationId));
  },

  "backfills.plan": async (services, { caller, body, creationId }) =>
    planBackfill(services, await toRequest(services, caller, body, creationId)),

  "backfills.list": async ({ db }, { caller, query }) => {
    const tenant = query.tenant === undefined ? undefined : await requireTenant(db, caller, query.tenant);
    return listBackfills(db, caller, tenant?.id, query);
  },

  "backfills.get": async ({ db }, { caller, params }) => readBackfill(db, await requireBackfill(db, caller, params.id)),

  "backfills.cancel": async (services, { caller, params }) => {
    const { db } = services;
    await cancelBackfill(services, await requireBackfill(db, caller, params.id), actorOf(caller));
    return readBackfill(db, await requireBackfill(db, caller, params.id));
  },

  "worker.backfillPeriod": async (services, { caller, params }) =>
    (await isTheirs(services, caller, params.id))
      ? stepPeriod(services, params.id, params.period)
      : { next: "stop" as const },

  "worker.backfillWait": async (services, { caller, params, signal }) => {
    if (!(await isTheirs(services, caller, params.id))) return { ended: true };
    return { ended: await awaitEnd(services, params.id, params.task, signal) };
  },

  "worker.backfillEnd": async (services, { caller, params }) => {
    if (await isTheirs(services, caller, params.id)) await finishBackfill(services, params.id);
    return { ok: true };
  },
};

async function toRequest(
  { db }: Services,
  caller: Caller,
  body: BodyOf<"backfills.create">,
  id: string,
): Promise<BackfillRequest> {
  const periods = periodsBetween(body.from, body.to);
  if ("period" in body.context)
    throw new NtroError("REQUEST_INVALID", "The period of a backfill's tasks is not a parameter of it.", {
      hint: "Give the range with from and to.",
      details: [{ field: "context.period", message: "not allowed" }],
    });
  const tenant = await requireTenant(db, caller, body.tenantId);
  const asked = body.entityId ? await requireEntity(db, tenant, body.entityId) : undefined;
  const workflow = await requireWorkflow(db, caller, body.workflowId, {
    tenantId: tenant.id,
    entitySlug: asked?.slug,
  });
  const entity = asked ?? (await requireEntity(db, tenant, workflow.entity_id));
  const { maxParallel, again, context } = body;
  return { id, tenant, entity, workflow, periods, maxParallel, again, context, actor: actorOf(caller) };
}

/** Whether a backfill is there, for a worker; one that is not (after a restored backup) is over for its control workflow. */
async function isTheirs({ db }: Services, caller: Caller, id: string): Promise<boolean> {
  const backfill = await findBackfill(db, id);
  return backfill !== undefined && mayTouch(caller, backfill.tenant_id);
}

/** Waits until a task has ended, or the backfill that waits for it; false when neither happened in time. */
async function awaitEnd(services: Services, backfillId: string, taskId: string, signal: AbortSignal): Promise<boolean> {
  const { db, events } = services;
  const isOver = async () => {
    const [task, backfill] = await Promise.all([findTask(db, taskId), findBackfill(db, backfillId)]);
    return !task || task.closed_at !== null || !backfill || backfill.ended_at !== null;
  };
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, WAIT);
  signal.addEventListener("abort", stop);
  try {
    const changes = await events.subscribe({ taskId }, null, limit.signal);
    // Looked at after the subscription: nothing that happens from here on is missed.
    if (await isOver()) return true;
    for await (const { type } of changes) if (type === "task.completed" || type === "task.failed") return true;
    return await isOver();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    stop();
  }
}
