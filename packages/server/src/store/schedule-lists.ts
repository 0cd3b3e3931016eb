import type { LedgerEntry, LedgerOutcome, Schedule, SchedulePause } from "@ntro/contract";
import { type Selectable, sql } from "kysely";
import * as z from "zod";
import type { Access } from "../core/access";
import type { Db } from "./database";
import { makeCursor, Page, type PageRequest, readCursor, readPage } from "./pages";
import type { PauseRow, RunRow } from "./schedules";
import type { Tables } from "./tables";

type ScheduleRow = Selectable<Tables["workflows"]> & { readonly tenant_slug: string; readonly entity_slug: string };

function scheduled(db: Db) {
  return db
    .selectFrom("workflows")
    .innerJoin("tenants", "tenants.id", "workflows.tenant_id")
    .innerJoin("entities", "entities.id", "workflows.entity_id")
    .selectAll("workflows")
    .select(["tenants.slug as tenant_slug", "entities.slug as entity_slug"])
    .where("workflows.schedule", "is not", null)
    .where("workflows.deleted_at", "is", null);
}

/** One page of the schedules a caller may see, oldest workflow first; Temporal is not asked. */
export async function listSchedules(
  db: Db,
  access: Access,
  scope: { readonly tenantId?: string | undefined; readonly entityId?: string | undefined },
  page: PageRequest,
): Promise<Page<Schedule[]>> {
  let query = scheduled(db);
  if (access.tenantId !== null) query = query.where("workflows.tenant_id", "=", access.tenantId);
  if (scope.tenantId !== undefined) query = query.where("workflows.tenant_id", "=", scope.tenantId);
  if (scope.entityId !== undefined) query = query.where("workflows.entity_id", "=", scope.entityId);
  const { items, next } = await readPage(query, "workflows", "asc", page, (row) => row);
  return new Page(await describe(db, items), next);
}

/** The schedule of a workflow; undefined when it has none. */
export async function readSchedule(db: Db, workflowId: string): Promise<Schedule | undefined> {
  const rows = await scheduled(db).where("workflows.id", "=", workflowId).execute();
  const [schedule] = await describe(db, rows);
  return schedule;
}

async function describe(db: Db, rows: readonly ScheduleRow[]): Promise<Schedule[]> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const [pauses, lasts] = await Promise.all([
    db.selectFrom("schedule_pauses").selectAll().where("workflow_id", "in", ids).where("until", "is", null).execute(),
    db
      .selectFrom("schedule_runs")
      .selectAll()
      .distinctOn("workflow_id")
      .where("workflow_id", "in", ids)
      .orderBy("workflow_id")
      .orderBy("nominal_time", "desc")
      .execute(),
  ]);
  const pauseOf = new Map(pauses.map((pause) => [pause.workflow_id, toPause(pause)]));
  const lastOf = new Map(lasts.map((run) => [run.workflow_id, run]));
  return rows.map((row) => toSchedule(row, pauseOf.get(row.id), lastOf.get(row.id)));
}

function toSchedule(row: ScheduleRow, paused: SchedulePause | undefined, last: RunRow | undefined): Schedule {
  return {
    workflowId: row.id,
    runbookSlug: row.runbook_slug,
    name: row.name,
    tenantSlug: row.tenant_slug,
    entitySlug: row.entity_slug,
    schedule: row.schedule ?? "",
    timezone: row.timezone ?? "UTC",
    paused: paused ?? null,
    next: row.schedule_expected_at?.toISOString() ?? null,
    last: last ? { nominalTime: last.nominal_time.toISOString(), outcome: last.outcome, taskId: last.task_id } : null,
  };
}

/** The pauses of a schedule, newest first. */
export async function listPauses(db: Db, workflowId: string, limit: number): Promise<SchedulePause[]> {
  const rows = await db
    .selectFrom("schedule_pauses")
    .selectAll()
    .where("workflow_id", "=", workflowId)
    .orderBy("since", "desc")
    .limit(limit)
    .execute();
  return rows.map(toPause);
}

function toPause(row: PauseRow): SchedulePause {
  return {
    since: row.since.toISOString(),
    by: row.paused_by,
    reason: row.reason,
    until: row.until?.toISOString() ?? null,
    resumedBy: row.resumed_by,
  };
}

/** How many nominal times of a schedule ended how. */
export async function countOutcomes(db: Db, workflowId: string): Promise<Record<RunRow["outcome"], number>> {
  const rows = await db
    .selectFrom("schedule_runs")
    .select(["outcome", (all) => all.fn.countAll<string>().as("count")])
    .where("workflow_id", "=", workflowId)
    .groupBy("outcome")
    .execute();
  const counted = Object.fromEntries(rows.map(({ outcome, count }) => [outcome, Number(count)]));
  return { ran: 0, skipped: 0, missed: 0, failed: 0, ...counted };
}

/** Which nominal times a ledger is read of; both ends are included. */
export interface LedgerFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly outcome?: LedgerOutcome | undefined;
}

const Position = z.iso.datetime();

/**
 * One page of the ledger, newest first. Times without an outcome have no rows: they are given, and come at the head of the first page.
 * @param due newest first, of the filter's span
 */
export async function listLedger(
  db: Db,
  workflowId: string,
  filter: LedgerFilter,
  page: PageRequest,
  due: readonly LedgerEntry[],
): Promise<Page<LedgerEntry[]>> {
  const before = page.cursor === undefined ? undefined : new Date(readCursor(page.cursor, Position));
  let query = db.selectFrom("schedule_runs").selectAll().where("workflow_id", "=", workflowId);
  if (filter.from) query = query.where("nominal_time", ">=", filter.from);
  if (filter.to) query = query.where("nominal_time", "<=", filter.to);
  if (before) query = query.where("nominal_time", "<", before);
  if (filter.outcome === "due") query = query.where(sql.lit(false));
  else if (filter.outcome) query = query.where("outcome", "=", filter.outcome);
  const rows = await query
    .orderBy("nominal_time", "desc")
    .limit(page.limit + 1)
    .execute();
  const waiting = before || (filter.outcome && filter.outcome !== "due") ? [] : due;
  const entries = [...waiting, ...rows.map(toEntry)].sort((a, b) => b.nominalTime.localeCompare(a.nominalTime));
  const shown = entries.slice(0, page.limit);
  const last = shown.at(-1);
  return new Page(shown, entries.length > page.limit && last ? makeCursor(last.nominalTime) : null);
}

function toEntry(row: RunRow): LedgerEntry {
  return {
    workflowId: row.workflow_id,
    nominalTime: row.nominal_time.toISOString(),
    outcome: row.outcome,
    taskId: row.task_id,
    cause: row.cause,
    reason: row.reason,
    period: row.period,
    recordedAt: row.recorded_at.toISOString(),
    madeUp: row.made_up_by === null ? null : { by: row.made_up_by, earlier: row.earlier },
  };
}
