import { randomUUID } from "node:crypto";
import { type Actor, NtroError, type PutWorkflow, type Workflow } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import { actorOf } from "../core/access";
import { type BindingPatch, type BindingPlan, planBinding } from "../core/bind";
import { bindSchedule, prepareChange, unbindSchedule } from "../schedule/bind";
import type { Services } from "../services";
import { appendAudit } from "../store/audit";
import { type Db, inTransaction } from "../store/database";
import { type EntityRow, requireEntity } from "../store/entities";
import { appendEvents } from "../store/events";
import { revisionsOf } from "../store/ready-revisions";
import { holdVersion } from "../store/revision-holds";
import { runbookNotFound } from "../store/revisions";
import { readSchedule } from "../store/schedule-lists";
import type { Tables } from "../store/tables";
import { holdActiveTenant, requireTenant } from "../store/tenants";
import {
  bindingOf,
  findBinding,
  insertWorkflow,
  listWorkflows,
  lockBinding,
  lockWorkflow,
  patchOf,
  readWorkflow,
  requireFreeName,
  requireVisibleEntity,
  requireWorkflow,
  updateWorkflow,
  type WorkflowRow,
} from "../store/workflows";
import type { Caller, Handlers } from "./handler";

type WorkflowRoute =
  | "workflows.list"
  | "workflows.create"
  | "workflows.put"
  | "workflows.plan"
  | "workflows.get"
  | "workflows.update"
  | "workflows.delete";

/** How many fire times are shown. */
const NEXT_RUNS = 3;

export const workflowHandlers: Pick<Handlers, WorkflowRoute> = {
  "workflows.list": async ({ db, orgId }, { caller, query }) => {
    const tenant = query.tenant === undefined ? undefined : await requireTenant(db, caller, query.tenant);
    const entity = query.entity === undefined ? undefined : await findEntity(db, caller, tenant, query.entity);
    return listWorkflows(db, caller, orgId, { tenantId: tenant?.id, entityId: entity?.id }, query);
  },

  "workflows.get": async (services, { caller, params }) => {
    const row = await requireWorkflow(services.db, caller, params.id);
    return showWorkflow(services, row.id);
  },

  "workflows.create": async (services, { caller, body, creationId }) => {
    const entity = await requireVisibleEntity(services.db, caller, body.entityId);
    await inTransaction(services.db, async (trx) => {
      // Made by an earlier attempt of the same request.
      if (await lockWorkflow(trx, creationId, "share")) return;
      await bindNew(services, trx, { id: creationId, entity, body, actor: actorOf(caller) });
    });
    return showWorkflow(services, creationId);
  },

  "workflows.put": async (services, { caller, body }) => {
    const entity = await requireVisibleEntity(services.db, caller, body.entityId);
    const actor = actorOf(caller);
    const bound = await findBinding(services.db, entity.id, body.runbookSlug, body.name ?? null);
    if (bound) await prepareChange(services, bound, patchOf(body));
    const done = await inTransaction(services.db, async (trx) => {
      await lockEntityBindings(trx, entity.id);
      const row = await lockBinding(trx, entity.id, body.runbookSlug, body.name ?? null);
      if (row) return { id: row.id, created: false, changes: await rebind(services, trx, row, patchOf(body), actor) };
      const id = randomUUID();
      await bindNew(services, trx, { id, entity, body, actor });
      return { id, created: true, changes: [] };
    });
    const { id, ...answer } = done;
    return { workflow: await showWorkflow(services, id), ...answer };
  },

  "workflows.plan": async ({ db }, { caller, body }) => {
    const entity = await requireVisibleEntity(db, caller, body.entityId);
    const patch = patchOf(body);
    return inTransaction(db, async (trx) => {
      await holdActiveTenant(trx, entity.tenant_id);
      const row = await lockBinding(trx, entity.id, body.runbookSlug, body.name ?? null);
      const deployed = body.runbookVersion ? [body.runbookVersion] : [];
      const { changes } = planBinding(body.runbookSlug, row && bindingOf(row), patch, deployed);
      if (!row) await requireFreeName(trx, body.name ?? null);
      return { created: !row, changes };
    });
  },

  "workflows.update": async (services, { caller, params, body }) => {
    const found = await requireWorkflow(services.db, caller, params.id);
    await prepareChange(services, found, body);
    await inTransaction(services.db, async (trx) => {
      const row = await requireLocked(trx, found.id);
      await rebind(services, trx, row, body, actorOf(caller));
    });
    return showWorkflow(services, found.id);
  },

  "workflows.delete": async (services, { caller, params }) => {
    const found = await requireWorkflow(services.db, caller, params.id);
    await inTransaction(services.db, async (trx) => {
      const row = await requireLocked(trx, found.id);
      await requireNoOpenTasks(trx, row);
      await unbindSchedule(services, trx, row, actorOf(caller));
      await trx
        .updateTable("workflows")
        .set({ deleted_at: sql<Date>`now()`, updated_at: sql<Date>`now()` })
        .where("id", "=", row.id)
        .execute();
      await recordChange(trx, row, "deleted", actorOf(caller), {});
    });
    return undefined;
  },
};

async function findEntity(
  db: Db,
  caller: Caller,
  tenant: { id: string; slug: string } | undefined,
  reference: string,
): Promise<EntityRow> {
  return tenant ? requireEntity(db, tenant, reference) : requireVisibleEntity(db, caller, reference);
}

async function requireLocked(trx: Transaction<Tables>, id: string): Promise<WorkflowRow> {
  const row = await lockWorkflow(trx, id, "update");
  if (row) return row;
  throw new NtroError("WORKFLOW_NOT_FOUND", `The workflow ${id} was deleted.`);
}

/** Two upserts of one binding at the same time: the second finds what the first made. */
async function lockEntityBindings(trx: Transaction<Tables>, entityId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`bindings:${entityId}`}, 0))`.execute(trx);
}

async function bindNew(
  services: Services,
  trx: Transaction<Tables>,
  asked: { readonly id: string; readonly entity: EntityRow; readonly body: PutWorkflow; readonly actor: Actor },
): Promise<void> {
  const { id, entity, body, actor } = asked;
  const tenant = await holdActiveTenant(trx, entity.tenant_id);
  const versions = await versionsOf(trx, tenant.id, body.runbookSlug, body.runbookVersion);
  const { binding } = planBinding(body.runbookSlug, undefined, patchOf(body), versions);
  const row = await insertWorkflow(trx, { id, tenantId: tenant.id, entity, runbookSlug: body.runbookSlug, binding });
  const unscheduled = { ...row, schedule: null, timezone: null };
  await bindSchedule(services, trx, { row: unscheduled, binding, entitySlug: entity.slug, actor });
  await recordChange(trx, row, "created", actor, {
    entity: entity.slug,
    pin: binding.runbookVersion,
    schedule: binding.schedule,
    timezone: binding.timezone,
  });
}

async function rebind(
  services: Services,
  trx: Transaction<Tables>,
  row: WorkflowRow,
  patch: BindingPatch,
  actor: Actor,
): Promise<BindingPlan["changes"]> {
  const before = bindingOf(row);
  const versions = await versionsOf(trx, row.tenant_id, row.runbook_slug, patch.runbookVersion);
  const { binding, changes } = planBinding(row.runbook_slug, before, patch, versions);
  if (changes.length > 0) await updateWorkflow(trx, row, binding);
  const entity = await trx
    .selectFrom("entities")
    .select("slug")
    .where("id", "=", row.entity_id)
    .executeTakeFirstOrThrow();
  await bindSchedule(services, trx, { row, binding, entitySlug: entity.slug, actor });
  if (changes.length > 0)
    await recordChange(trx, row, "changed", actor, { changed: changes.map((change) => change.field) });
  return changes;
}

/** The versions of a runbook that serve a tenant or may yet; the one to pin stays so until the transaction ends. Throws `RUNBOOK_NOT_FOUND` when there is none. */
async function versionsOf(
  trx: Transaction<Tables>,
  tenantId: string,
  slug: string,
  pin: string | null | undefined,
): Promise<string[]> {
  if (pin) await holdVersion(trx, tenantId, slug, pin);
  const revisions = (await revisionsOf(trx, tenantId, slug)).filter(({ readyAt, pending }) => readyAt || pending);
  if (revisions.length === 0) throw await runbookNotFound(trx, tenantId, slug);
  return [...new Set(revisions.map((revision) => revision.version))];
}

async function recordChange(
  trx: Transaction<Tables>,
  row: Pick<WorkflowRow, "id" | "tenant_id" | "runbook_slug">,
  change: "created" | "changed" | "deleted",
  actor: Actor,
  detail: Record<string, unknown>,
): Promise<void> {
  const data = { workflowId: row.id, runbook: row.runbook_slug, change };
  await appendEvents(trx, [{ type: "workflow.changed", tenantId: row.tenant_id, data }]);
  await appendAudit(trx, {
    tenantId: row.tenant_id,
    actor,
    action: `workflow.${change}`,
    subject: `workflow:${row.id}`,
    detail: { runbook: row.runbook_slug, ...detail },
  });
}

async function requireNoOpenTasks(trx: Transaction<Tables>, row: WorkflowRow): Promise<void> {
  const open = await trx
    .selectFrom("tasks")
    .select("id")
    .where("workflow_id", "=", row.id)
    .where("closed_at", "is", null)
    .limit(5)
    .execute();
  if (open.length === 0) return;
  throw new NtroError(
    "WORKFLOW_BUSY",
    `The workflow still has open tasks: ${open.map((task) => task.id).join(", ")}.`,
    {
      hint: "Let them end, or `ntro run cancel` them.",
    },
  );
}

/** One workflow with its entity and its next fire times; without the latter while Temporal is away. */
async function showWorkflow({ db, orgId, engine, log }: Services, id: string): Promise<Workflow> {
  const workflow = await readWorkflow(db, orgId, id);
  if (!workflow.schedule) return { ...workflow, nextRuns: [] };
  const paused = (await readSchedule(db, id))?.paused ?? null;
  try {
    const times = await engine.schedules.times(id, { after: new Date(), count: NEXT_RUNS });
    return { ...workflow, paused, nextRuns: (times ?? []).map((time) => time.toISOString()) };
  } catch (error) {
    log.warn({ err: error, workflowId: id }, "the next fire times are not known");
    return { ...workflow, paused };
  }
}
