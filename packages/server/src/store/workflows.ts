import { NtroError, type PutWorkflow, type Workflow } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import * as z from "zod";
import { type Access, mayTouch } from "../core/access";
import type { Binding, BindingPatch } from "../core/bind";
import { type BoundWorkflow, resolveWorkflow } from "../core/start-task";
import { breaksConstraint, type Db } from "./database";
import { type EntityRow, toEntity } from "./entities";
import { Page, type PageRequest, readPage } from "./pages";
import type { Tables } from "./tables";

export type WorkflowRow = Selectable<Tables["workflows"]>;

/** How many names a "did you mean" is looked for among. */
const NAMES = 1000;

function bound(db: Db, access: Pick<Access, "tenantId">) {
  const query = db
    .selectFrom("workflows")
    .innerJoin("entities", "entities.id", "workflows.entity_id")
    .selectAll("workflows")
    .select("entities.slug as entity_slug")
    .where("workflows.deleted_at", "is", null);
  return access.tenantId === null ? query : query.where("workflows.tenant_id", "=", access.tenantId);
}

type FoundRow = WorkflowRow & { readonly entity_slug: string };

/** Where a reference is looked for: everywhere, in a tenant, or at one entity of it. */
export interface WorkflowScope {
  readonly tenantId?: string | undefined;
  /** Of this tenant. */
  readonly entitySlug?: string | undefined;
}

/**
 * The workflow that a reference means: its id, its name or its runbook's slug.
 * @throws NtroError `WORKFLOW_NOT_FOUND` with near names, `WORKFLOW_AMBIGUOUS`
 */
export async function requireWorkflow(
  db: Db,
  access: Access,
  reference: string,
  scope: WorkflowScope = {},
): Promise<WorkflowRow> {
  let query = bound(db, access);
  if (scope.tenantId !== undefined) query = query.where("workflows.tenant_id", "=", scope.tenantId);
  const isId = z.uuid().safeParse(reference).success;
  const exact = await query
    .where((where) =>
      where.or([
        where("workflows.name", "=", reference),
        where("workflows.runbook_slug", "=", reference),
        ...(isId ? [where("workflows.id", "=", reference)] : []),
      ]),
    )
    .limit(NAMES)
    .execute();
  const candidates = exact.length > 0 ? exact : await query.orderBy("workflows.created_at").limit(NAMES).execute();
  return resolveWorkflow(reference, candidates.map(asBound), scope.entitySlug).row;
}

function asBound(row: FoundRow): BoundWorkflow & { readonly row: WorkflowRow } {
  return {
    id: row.id,
    name: row.name,
    runbookSlug: row.runbook_slug,
    entityId: row.entity_id,
    entitySlug: row.entity_slug,
    runbookVersion: row.runbook_version,
    row,
  };
}

/** Holds a workflow still until the transaction ends; undefined when it was deleted. `share` lets others start tasks of it meanwhile. */
export async function lockWorkflow(
  trx: Transaction<Tables>,
  id: string,
  mode: "share" | "update",
): Promise<WorkflowRow | undefined> {
  const query = trx.selectFrom("workflows").selectAll().where("id", "=", id).where("deleted_at", "is", null);
  return (mode === "share" ? query.forShare() : query.forUpdate()).executeTakeFirst();
}

function binding(db: Db, entityId: string, runbookSlug: string, name: string | null) {
  return db
    .selectFrom("workflows")
    .selectAll()
    .where("entity_id", "=", entityId)
    .where("runbook_slug", "=", runbookSlug)
    .where("name", name === null ? "is" : "=", name)
    .where("deleted_at", "is", null);
}

/** The workflow bound to an entity under a runbook and a name (null: the one without). */
export async function findBinding(
  db: Db,
  entityId: string,
  runbookSlug: string,
  name: string | null,
): Promise<WorkflowRow | undefined> {
  return binding(db, entityId, runbookSlug, name).executeTakeFirst();
}

/** The same, held still until the transaction ends. */
export async function lockBinding(
  trx: Transaction<Tables>,
  entityId: string,
  runbookSlug: string,
  name: string | null,
): Promise<WorkflowRow | undefined> {
  return binding(trx, entityId, runbookSlug, name).forUpdate().executeTakeFirst();
}

/** One page of the workflows a caller may see with their entities, oldest first. */
export async function listWorkflows(
  db: Db,
  access: Access,
  orgId: string,
  scope: { readonly tenantId?: string | undefined; readonly entityId?: string | undefined },
  page: PageRequest,
): Promise<Page<Workflow[]>> {
  let query = bound(db, access);
  if (scope.tenantId !== undefined) query = query.where("workflows.tenant_id", "=", scope.tenantId);
  if (scope.entityId !== undefined) query = query.where("workflows.entity_id", "=", scope.entityId);
  const { items, next } = await readPage(query, "workflows", "asc", page, (row) => toWorkflow(row, orgId));
  const ids = [...new Set(items.map(({ entityId }) => entityId))];
  const rows = ids.length === 0 ? [] : await db.selectFrom("entities").selectAll().where("id", "in", ids).execute();
  const entities = new Map(rows.map((row) => [row.id, toEntity(row)]));
  return new Page(
    items.map((workflow) => ({ ...workflow, entity: entities.get(workflow.entityId) })),
    next,
  );
}

/** A workflow without its entity. */
function toWorkflow(row: WorkflowRow, orgId: string): Workflow {
  return {
    id: row.id,
    orgId,
    runbookSlug: row.runbook_slug,
    runbookVersion: row.runbook_version,
    entityId: row.entity_id,
    name: row.name,
    description: row.description,
    schedule: row.schedule,
    timezone: row.timezone,
    defaultConfig: row.default_config,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** A workflow with the entity it is bound to. */
export async function readWorkflow(db: Db, orgId: string, id: string): Promise<Workflow> {
  const row = await db.selectFrom("workflows").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  const entity = await db.selectFrom("entities").selectAll().where("id", "=", row.entity_id).executeTakeFirstOrThrow();
  return { ...toWorkflow(row, orgId), entity: toEntity(entity) };
}

/** The settings of a row that can change. */
export function bindingOf(row: WorkflowRow): Binding {
  return {
    name: row.name,
    description: row.description,
    runbookVersion: row.runbook_version,
    schedule: row.schedule,
    timezone: row.timezone,
    defaultConfig: row.default_config,
  };
}

/** The settings a request names. */
export function patchOf(body: PutWorkflow): BindingPatch {
  const { name, description, runbookVersion, schedule, timezone, defaultConfig } = body;
  return { name, description, runbookVersion, schedule, timezone, defaultConfig };
}

/** Every workflow of a runbook in a tenant with its entity's slug, oldest first. */
export async function liveWorkflows(db: Db, tenantId: string, runbookSlug: string): Promise<FoundRow[]> {
  return bound(db, { tenantId })
    .where("workflows.runbook_slug", "=", runbookSlug)
    .orderBy("workflows.created_at")
    .execute();
}

function bindingColumns(binding: Binding) {
  return {
    name: binding.name,
    description: binding.description,
    runbook_version: binding.runbookVersion,
    schedule: binding.schedule,
    timezone: binding.timezone,
    default_config: binding.defaultConfig === null ? null : JSON.stringify(binding.defaultConfig),
  };
}

/**
 * Records a new workflow.
 * @throws NtroError `WORKFLOW_NAME_TAKEN`
 */
export async function insertWorkflow(
  trx: Transaction<Tables>,
  workflow: {
    readonly id: string;
    readonly tenantId: string;
    readonly entity: Pick<EntityRow, "id" | "slug">;
    readonly runbookSlug: string;
    readonly binding: Binding;
  },
): Promise<WorkflowRow> {
  return refusingTakenNames(workflow.runbookSlug, workflow.binding.name, () =>
    trx
      .insertInto("workflows")
      .values({
        id: workflow.id,
        tenant_id: workflow.tenantId,
        entity_id: workflow.entity.id,
        runbook_slug: workflow.runbookSlug,
        ...bindingColumns(workflow.binding),
      })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
}

/**
 * Changes a workflow's settings.
 * @throws NtroError `WORKFLOW_NAME_TAKEN`
 */
export async function updateWorkflow(
  trx: Transaction<Tables>,
  row: Pick<WorkflowRow, "id" | "runbook_slug">,
  binding: Binding,
): Promise<void> {
  await refusingTakenNames(row.runbook_slug, binding.name, () =>
    trx
      .updateTable("workflows")
      .set({ ...bindingColumns(binding), updated_at: sql<Date>`now()` })
      .where("id", "=", row.id)
      .execute(),
  );
}

async function refusingTakenNames<T>(runbookSlug: string, name: string | null, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (breaksConstraint(error, "workflows_name")) throw nameTaken(name);
    if (breaksConstraint(error, "workflows_binding"))
      throw new NtroError(
        "WORKFLOW_NAME_TAKEN",
        `The entity already has a workflow of ${runbookSlug}${name === null ? "" : ` called "${name}"`}.`,
        {
          hint: "`ntro workflow create` (PUT) changes it; --name makes another beside it.",
        },
      );
    throw error;
  }
}

/**
 * Checks that no workflow of the organisation has a name yet.
 * @throws NtroError `WORKFLOW_NAME_TAKEN`
 */
export async function requireFreeName(trx: Transaction<Tables>, name: string | null): Promise<void> {
  if (name === null) return;
  const taken = await trx
    .selectFrom("workflows")
    .select("id")
    .where("name", "=", name)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  if (taken) throw nameTaken(name);
}

function nameTaken(name: string | null): NtroError {
  return new NtroError("WORKFLOW_NAME_TAKEN", `Another workflow is called "${name}".`, {
    hint: "Names are unique in the organisation: choose another with --name.",
  });
}

/**
 * The entity of an id, or of a slug that only one visible entity has.
 * @throws NtroError `ENTITY_NOT_FOUND`
 */
export async function requireVisibleEntity(db: Db, access: Access, reference: string): Promise<EntityRow> {
  const isId = z.uuid().safeParse(reference).success;
  const rows = await db
    .selectFrom("entities")
    .selectAll()
    .where(isId ? "id" : "slug", "=", reference)
    .execute();
  const visible = rows.filter((row) => mayTouch(access, row.tenant_id));
  const [only] = visible;
  if (only && visible.length === 1) return only;
  throw new NtroError(
    "ENTITY_NOT_FOUND",
    only ? `Several tenants have an entity \`${reference}\`.` : `There is no entity \`${reference}\`.`,
    {
      hint: only ? "Give its id." : "`ntro entity list` shows what there is.",
    },
  );
}
