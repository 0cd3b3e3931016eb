import type { EventType, StreamEvent } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import type { Db } from "./database";
import { lockJournal } from "./journal-lock";
import type { Tables } from "./tables";

/** The Postgres channel on which server processes wake each other; a payload is one of {@link Wake}. */
export const CHANNEL = "ntro";
/** `events`: rows were added. `worker`: what workers should run may have changed. */
export type Wake = "events" | "worker";

/** An event to tell; metadata only, never a payload. */
export interface NewEvent {
  readonly type: EventType;
  readonly tenantId: string | null;
  readonly taskId?: string | null;
  readonly deploymentId?: string | null;
  readonly data?: Record<string, unknown>;
}

/**
 * Adds events to the stream as part of a transaction: they exist, and are told, when it commits. Their ids are in the order of commits. Call this
 * (and {@link appendAudit}) last in a transaction, as it holds the journal's lock until the end.
 */
export async function appendEvents(trx: Transaction<Tables>, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await lockJournal(trx);
  const rows = events.map((event) => ({
    type: event.type,
    tenant_id: event.tenantId,
    task_id: event.taskId ?? null,
    deployment_id: event.deploymentId ?? null,
    data: JSON.stringify(event.data ?? {}),
    // The time of the insert, so that times do not run against ids.
    at: sql<Date>`clock_timestamp()`,
  }));
  await trx.insertInto("events").values(rows).execute();
  await wake(trx, "events");
}

/** Tells workers, once the transaction commits (or at once without one), that what they should run may have changed. */
export async function nudgeWorkers(db: Db): Promise<void> {
  await wake(db, "worker");
}

async function wake(db: Db, what: Wake): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${what})`.execute(db);
}

/** Which events somebody asks for. Null or absent: not limited by it. */
export interface EventFilter {
  readonly tenantId?: string | null;
  readonly taskId?: string | null;
  readonly deploymentId?: string | null;
}

/** Whether an event is one of those asked for. */
export function matches(event: StreamEvent, filter: EventFilter): boolean {
  return (
    (filter.tenantId == null || event.tenantId === filter.tenantId) &&
    (filter.taskId == null || event.taskId === filter.taskId) &&
    (filter.deploymentId == null || event.deploymentId === filter.deploymentId)
  );
}

/** The oldest events after an id, in order, at most `limit`. */
export async function readEvents(db: Db, filter: EventFilter, after: string, limit: number): Promise<StreamEvent[]> {
  let query = db.selectFrom("events").selectAll().where("id", ">", after).orderBy("id").limit(limit);
  if (filter.tenantId != null) query = query.where("tenant_id", "=", filter.tenantId);
  if (filter.taskId != null) query = query.where("task_id", "=", filter.taskId);
  if (filter.deploymentId != null) query = query.where("deployment_id", "=", filter.deploymentId);
  return (await query.execute()).map(toEvent);
}

/** The id of the newest event; "0" when there is none. */
export async function newestEvent(db: Db): Promise<string> {
  const row = await db
    .selectFrom("events")
    .select((all) => all.fn.max("id").as("id"))
    .executeTakeFirst();
  return row?.id ?? "0";
}

function toEvent(row: Selectable<Tables["events"]>): StreamEvent {
  return {
    id: row.id,
    // Written by appendEvents alone, so it is one of the closed list.
    type: row.type as EventType,
    at: row.at.toISOString(),
    tenantId: row.tenant_id,
    taskId: row.task_id,
    deploymentId: row.deployment_id,
    data: row.data,
  };
}
