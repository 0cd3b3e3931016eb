import type { EarlierOutcome } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Pause, Spec } from "../core/dispatch";
import type { Db } from "./database";
import type { Tables } from "./tables";

export type RunRow = Selectable<Tables["schedule_runs"]>;
export type PauseRow = Selectable<Tables["schedule_pauses"]>;
type ScheduledRow = Pick<Selectable<Tables["workflows"]>, "schedule" | "timezone" | "deleted_at">;

/** Rows of one insert; Postgres takes 65,535 parameters. */
const BATCH = 1_000;

/** The schedule of a workflow's row; null when it has none or was deleted. */
export function specOf(row: ScheduledRow): Spec | null {
  if (row.schedule === null || row.deleted_at !== null) return null;
  return { schedule: row.schedule, timezone: row.timezone ?? "UTC" };
}

/** What became of a nominal time; undefined while it is due, or when it is none of the ledger. */
export async function findRun(db: Db, workflowId: string, time: Date): Promise<RunRow | undefined> {
  return db
    .selectFrom("schedule_runs")
    .selectAll()
    .where("workflow_id", "=", workflowId)
    .where("nominal_time", "=", time)
    .executeTakeFirst();
}

/** Which times from a moment on have an outcome, in milliseconds since 1970. */
export async function settledTimes(db: Db, workflowId: string, from: Date): Promise<Set<number>> {
  const rows = await db
    .selectFrom("schedule_runs")
    .select("nominal_time")
    .where("workflow_id", "=", workflowId)
    .where("nominal_time", ">=", from)
    .execute();
  return new Set(rows.map((row) => row.nominal_time.getTime()));
}

/** An outcome to be recorded. */
export interface NewRun {
  readonly nominalTime: Date;
  readonly outcome: RunRow["outcome"];
  readonly taskId: string | null;
  readonly cause: string | null;
  readonly reason: string | null;
  readonly period: string;
}

/** Records outcomes of times that have none; gives those that were recorded. The first outcome of a time stays. */
export async function insertRuns(
  trx: Transaction<Tables>,
  workflowId: string,
  runs: readonly NewRun[],
): Promise<NewRun[]> {
  const inserted = new Set<number>();
  for (let start = 0; start < runs.length; start += BATCH) {
    const values = runs.slice(start, start + BATCH).map((run) => ({
      workflow_id: workflowId,
      nominal_time: run.nominalTime,
      outcome: run.outcome,
      task_id: run.taskId,
      cause: run.cause,
      reason: run.reason,
      period: run.period,
    }));
    const rows = await trx
      .insertInto("schedule_runs")
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .returning("nominal_time")
      .execute();
    for (const row of rows) inserted.add(row.nominal_time.getTime());
  }
  return runs.filter(({ nominalTime }) => inserted.has(nominalTime.getTime()));
}

/** Makes a time that ended without a task of its own one that ran, and keeps how it had ended; false when it ran already, or has no outcome. */
export async function makeUpRun(
  trx: Transaction<Tables>,
  run: { readonly workflowId: string; readonly nominalTime: Date; readonly taskId: string; readonly by: string },
): Promise<boolean> {
  const found = await trx
    .selectFrom("schedule_runs")
    .selectAll()
    .where("workflow_id", "=", run.workflowId)
    .where("nominal_time", "=", run.nominalTime)
    .forUpdate()
    .executeTakeFirst();
  if (!found || found.outcome === "ran") return false;
  const earlier: EarlierOutcome = {
    outcome: found.outcome,
    cause: found.cause,
    reason: found.reason,
    recordedAt: found.recorded_at.toISOString(),
  };
  await trx
    .updateTable("schedule_runs")
    .set({
      outcome: "ran",
      task_id: run.taskId,
      cause: null,
      reason: null,
      recorded_at: sql<Date>`now()`,
      earlier: JSON.stringify(earlier),
      made_up_by: run.by,
    })
    .where("workflow_id", "=", run.workflowId)
    .where("nominal_time", "=", run.nominalTime)
    .execute();
  return true;
}

/** Names who had a time run by hand before it got an outcome of its own. */
export async function noteMadeUp(trx: Transaction<Tables>, workflowId: string, time: Date, by: string): Promise<void> {
  await trx
    .updateTable("schedule_runs")
    .set({ made_up_by: by })
    .where("workflow_id", "=", workflowId)
    .where("nominal_time", "=", time)
    .execute();
}

/** Pauses that go on, or ended after a moment. */
export async function pausesSince(db: Db, workflowId: string, moment: Date): Promise<Pause[]> {
  const rows = await db
    .selectFrom("schedule_pauses")
    .selectAll()
    .where("workflow_id", "=", workflowId)
    .where((where) => where.or([where("until", "is", null), where("until", ">", moment)]))
    .orderBy("since")
    .execute();
  return rows.map(({ since, until, paused_by: by, reason }) => ({ since, until, by, reason }));
}

/** Begins a pause now, by the database's clock; one that goes on stays as it is. False then. */
export async function beginPause(
  trx: Transaction<Tables>,
  workflowId: string,
  by: string,
  reason: string | null,
): Promise<boolean> {
  const row = await trx
    .insertInto("schedule_pauses")
    .values({ workflow_id: workflowId, since: sql<Date>`clock_timestamp()`, paused_by: by, reason })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends the pause that goes on; false when there is none. */
export async function endPause(trx: Transaction<Tables>, workflowId: string, by: string): Promise<boolean> {
  const row = await trx
    .updateTable("schedule_pauses")
    .set({ until: sql<Date>`clock_timestamp()`, resumed_by: by })
    .where("workflow_id", "=", workflowId)
    .where("until", "is", null)
    .returning("id")
    .executeTakeFirst();
  return row !== undefined;
}

/** How far a schedule's times have outcomes. */
export interface LedgerMarks {
  /** Up to here all have. */
  readonly settledUntil: Date | null;
  /** The first after that which has none; null: not known yet. */
  readonly expectedAt: Date | null;
}

/** Sets the marks of a workflow whose row the transaction holds. */
export async function setMarks(trx: Transaction<Tables>, workflowId: string, marks: LedgerMarks): Promise<void> {
  await trx
    .updateTable("workflows")
    .set({ schedule_settled_until: marks.settledUntil, schedule_expected_at: marks.expectedAt })
    .where("id", "=", workflowId)
    .execute();
}

/** Moves the marks on, unless they or the schedule have changed since `row` was read: then they are another's. */
export async function moveMarks(
  db: Db,
  row: Selectable<Tables["workflows"]>,
  marks: { readonly settledUntil: Date; readonly expectedAt: Date | null },
): Promise<void> {
  await db
    .updateTable("workflows")
    .set({ schedule_settled_until: marks.settledUntil, schedule_expected_at: marks.expectedAt })
    .where("id", "=", row.id)
    .where("deleted_at", "is", null)
    .where("schedule", "=", row.schedule)
    .where("timezone", "is not distinct from", row.timezone)
    .where("schedule_settled_until", "is not distinct from", row.schedule_settled_until)
    .where("schedule_expected_at", "is not distinct from", row.schedule_expected_at)
    .execute();
}

/** Workflows with a schedule of which a time is expected by a moment, or of which it is not known when. */
export async function overdueSchedules(db: Db, by: Date): Promise<string[]> {
  const rows = await db
    .selectFrom("workflows")
    .select("id")
    .where("schedule", "is not", null)
    .where("deleted_at", "is", null)
    .where((where) => where.or([where("schedule_expected_at", "is", null), where("schedule_expected_at", "<=", by)]))
    .orderBy("schedule_expected_at")
    .execute();
  return rows.map(({ id }) => id);
}
