import { type Backfill, type BackfillPeriod, NtroError } from "@ntro/contract";
import type { Selectable, Transaction } from "kysely";
import * as z from "zod";
import { type Access, mayTouch } from "../core/access";
import type { PeriodTask } from "../core/backfill";
import type { Db } from "./database";
import { Page, type PageRequest, readPage } from "./pages";
import type { Tables } from "./tables";

export type BackfillRow = Selectable<Tables["backfills"]>;

/** A backfill with the names of what it belongs to. */
type NamedRow = BackfillRow & {
  readonly tenant_slug: string;
  readonly entity_slug: string;
  readonly workflow_name: string | null;
  readonly runbook_slug: string;
};

function backfills(db: Db) {
  return db
    .selectFrom("backfills")
    .innerJoin("tenants", "tenants.id", "backfills.tenant_id")
    .innerJoin("workflows", "workflows.id", "backfills.workflow_id")
    .innerJoin("entities", "entities.id", "workflows.entity_id")
    .selectAll("backfills")
    .select([
      "tenants.slug as tenant_slug",
      "entities.slug as entity_slug",
      "workflows.name as workflow_name",
      "workflows.runbook_slug",
    ]);
}

/** A backfill by id; undefined when there is none. */
export async function findBackfill(db: Db, id: string): Promise<NamedRow | undefined> {
  if (!z.uuid().safeParse(id).success) return undefined;
  return backfills(db).where("backfills.id", "=", id).executeTakeFirst();
}

/**
 * The backfill of an id.
 * @throws NtroError `BACKFILL_NOT_FOUND`, the same whether it is not there or not the caller's
 */
export async function requireBackfill(db: Db, access: Access, id: string): Promise<NamedRow> {
  const row = await findBackfill(db, id);
  if (row && mayTouch(access, row.tenant_id)) return row;
  throw new NtroError("BACKFILL_NOT_FOUND", `There is no backfill \`${id}\`.`, {
    hint: "`ntro workflow backfill-status` lists those you may see.",
  });
}

/** A backfill as it is answered, with the tasks of its periods as they stand now. */
export async function readBackfill(db: Db, row: NamedRow): Promise<Backfill> {
  return toBackfill(row, await periodsOf(db, [row.id]));
}

/** One page of the backfills a caller may see, newest first. */
export async function listBackfills(
  db: Db,
  access: Access,
  tenantId: string | undefined,
  page: PageRequest,
): Promise<Page<Backfill[]>> {
  let query = backfills(db);
  if (access.tenantId !== null) query = query.where("backfills.tenant_id", "=", access.tenantId);
  if (tenantId !== undefined) query = query.where("backfills.tenant_id", "=", tenantId);
  const { items, next } = await readPage(query, "backfills", "desc", page, (row) => row);
  const ids = items.map(({ id }) => id);
  const periods = ids.length === 0 ? [] : await periodsOf(db, ids);
  return new Page(
    items.map((row) => toBackfill(row, periods)),
    next,
  );
}

async function periodsOf(db: Db, ids: readonly string[]) {
  return db
    .selectFrom("backfill_periods as p")
    .leftJoin("tasks as t", "t.id", "p.task_id")
    .leftJoin("tasks as b", "b.id", "p.previous_task_id")
    .selectAll("p")
    .select(["t.status as task_status", "b.status as previous_status"])
    .where("p.backfill_id", "in", ids)
    .orderBy("p.period")
    .execute();
}

function toBackfill(row: NamedRow, periods: Awaited<ReturnType<typeof periodsOf>>): Backfill {
  return {
    id: row.id,
    tenantSlug: row.tenant_slug,
    entitySlug: row.entity_slug,
    workflowId: row.workflow_id,
    workflowName: row.workflow_name,
    runbookSlug: row.runbook_slug,
    status: row.cancelled_by !== null ? "cancelled" : row.ended_at !== null ? "ended" : "running",
    maxParallel: row.max_parallel,
    again: row.again,
    createdBy: row.actor.name,
    createdAt: row.created_at.toISOString(),
    cancelledBy: row.cancelled_by,
    endedAt: row.ended_at?.toISOString() ?? null,
    periods: periods
      .filter((period) => period.backfill_id === row.id)
      .map((period): BackfillPeriod => {
        const task = (id: string | null, status: BackfillPeriodStatus) =>
          id === null || status === null ? null : { id, status };
        return {
          period: period.period,
          outcome: period.outcome,
          task: task(period.task_id, period.task_status),
          previous: task(period.previous_task_id, period.previous_status),
          code: period.code,
          message: period.message,
          at: period.at?.toISOString() ?? null,
        };
      }),
  };
}

type BackfillPeriodStatus = NonNullable<BackfillPeriod["task"]>["status"] | null;

/** A backfill to be recorded. */
export interface NewBackfill
  extends Pick<BackfillRow, "id" | "tenant_id" | "workflow_id" | "context" | "max_parallel" | "again" | "actor"> {
  readonly periods: readonly string[];
}

/** Records a backfill with all its periods waiting; false when it, or another open one of the workflow, is there already. */
export async function insertBackfill(
  trx: Transaction<Tables>,
  { periods, context, actor, ...backfill }: NewBackfill,
): Promise<boolean> {
  const row = await trx
    .insertInto("backfills")
    .values({ ...backfill, context: JSON.stringify(context), actor: JSON.stringify(actor) })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!row) return false;
  await trx
    .insertInto("backfill_periods")
    .values(periods.map((period) => ({ backfill_id: backfill.id, period })))
    .execute();
  return true;
}

/** The open backfill of a workflow; undefined when there is none. */
export async function openBackfill(db: Db, workflowId: string): Promise<BackfillRow | undefined> {
  return db
    .selectFrom("backfills")
    .selectAll()
    .where("workflow_id", "=", workflowId)
    .where("ended_at", "is", null)
    .executeTakeFirst();
}

/** Ends a backfill, by whoever cancelled it; false when it had ended already. */
export async function endBackfill(trx: Transaction<Tables>, id: string, cancelledBy: string | null): Promise<boolean> {
  const row = await trx
    .updateTable("backfills")
    .set({ ended_at: new Date(), cancelled_by: cancelledBy })
    .where("id", "=", id)
    .where("ended_at", "is", null)
    .returning("id")
    .executeTakeFirst();
  if (!row) return false;
  await trx
    .updateTable("backfill_periods")
    .set({ outcome: "cancelled", task_id: null, message: null, at: new Date() })
    .where("backfill_id", "=", id)
    .where("outcome", "=", "waiting")
    .execute();
  return true;
}

/** What is recorded of a period. */
export type PeriodRecord = Pick<
  Selectable<Tables["backfill_periods"]>,
  "outcome" | "task_id" | "previous_task_id" | "code" | "message"
>;

/** Records what became of a period; false when that was recorded before, or says nothing new. A task that started while its backfill was cancelled has started. */
export async function recordPeriod(
  trx: Transaction<Tables>,
  backfillId: string,
  period: string,
  record: PeriodRecord,
): Promise<boolean> {
  const row = await trx
    .updateTable("backfill_periods")
    .set({ ...record, at: record.outcome === "waiting" ? null : new Date() })
    .where("backfill_id", "=", backfillId)
    .where("period", "=", period)
    .where("outcome", "in", record.outcome === "started" ? ["waiting", "cancelled"] : ["waiting"])
    .where((where) =>
      where.or([where("outcome", "<>", record.outcome), where("task_id", "is distinct from", record.task_id)]),
    )
    .returning("period")
    .executeTakeFirst();
  return row !== undefined;
}

/** The tasks of a workflow for some periods, newest first. */
export async function tasksOfPeriods(
  db: Db,
  workflowId: string,
  periods: readonly string[],
): Promise<(PeriodTask & { readonly period: string | null })[]> {
  const rows = await db
    .selectFrom("tasks")
    .select(["id", "status", "period", "closed_at"])
    .where("workflow_id", "=", workflowId)
    .where("period", "in", periods)
    .orderBy("created_at", "desc")
    .execute();
  return rows.map(({ id, status, period, closed_at }) => ({ id, status, period, closed: closed_at !== null }));
}
