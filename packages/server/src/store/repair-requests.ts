import type { Actor, LaterChild, Lock } from "@ntro/contract";
import { type Selectable, sql, type Transaction } from "kysely";
import type { CheckStatus } from "../core/repair";
import type { Db } from "./database";
import { holdRevisions } from "./revision-holds";
import type { CheckedReplay, Tables } from "./tables";

type Trx = Transaction<Tables>;

/** What somebody asks for, everything resolved. */
export interface NewRequest {
  readonly id: string;
  readonly tenantId: string;
  /** Null for a report on all open tasks of a runbook. */
  readonly taskId: string | null;
  readonly checkOnly: boolean;
  readonly checks: readonly NewCheck[];
  readonly lock: Lock;
  readonly laterChildren: readonly LaterChild[];
  readonly notices: readonly string[];
  readonly actor: Actor;
  readonly reason: string | null;
}

/** An execution that is to go on with a revision. */
export interface NewCheck {
  readonly taskId: string;
  readonly workflowId: string;
  readonly fromRevision: string;
  readonly toRevision: string;
  readonly status: CheckStatus;
  readonly report: CheckedReplay | null;
}

export type RequestRow = Selectable<Tables["repair_requests"]>;

/** Records a request with its checks; false when one of its id is there. Throws what {@link isUnderWay} knows when another repair of the task is under way. */
export async function insertRequest(trx: Trx, request: NewRequest): Promise<boolean> {
  // What a repair names is in use from here on.
  await holdRevisions(trx, request.tenantId, {
    ids: request.checks.map(({ toRevision }) => toRevision),
    types: Object.values(request.lock).map(({ type }) => type),
  });
  const row = await trx
    .insertInto("repair_requests")
    .values({
      id: request.id,
      tenant_id: request.tenantId,
      task_id: request.taskId,
      check_only: request.checkOnly,
      status: "checking",
      later_children: JSON.stringify(request.laterChildren),
      lock: JSON.stringify(request.lock),
      notices: JSON.stringify(request.notices),
      actor: JSON.stringify(request.actor),
      reason: request.reason,
    })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!row) return false;
  if (request.checks.length > 0)
    await trx
      .insertInto("repair_checks")
      .values(
        request.checks.map((check, position) => ({
          request_id: request.id,
          position,
          task_id: check.taskId,
          workflow_id: check.workflowId,
          from_revision: check.fromRevision,
          to_revision: check.toRevision,
          status: check.status,
          replay_id: sql<string>`gen_random_uuid()`,
          report: check.report && JSON.stringify(check.report),
        })),
      )
      .execute();
  return true;
}

/** The index that lets one repair of a task be under way at a time. */
export const ONE_AT_A_TIME = "repair_requests_one";

/** A request; undefined when there is none of this id. */
export async function findRequest(db: Db, id: string): Promise<RequestRow | undefined> {
  return db.selectFrom("repair_requests").selectAll().where("id", "=", id).executeTakeFirst();
}

/** A request, held still until the transaction ends. */
export async function lockRequest(trx: Trx, id: string): Promise<RequestRow> {
  return trx.selectFrom("repair_requests").selectAll().where("id", "=", id).forUpdate().executeTakeFirstOrThrow();
}

/** Requests that are not settled, oldest first. */
export async function openRequests(db: Db): Promise<RequestRow[]> {
  return db
    .selectFrom("repair_requests")
    .selectAll()
    .where("status", "in", ["checking", "applying"])
    .orderBy("created_at")
    .execute();
}

/** The repair of a task that is under way. */
export async function requestUnderWay(db: Db, taskId: string): Promise<RequestRow | undefined> {
  return db
    .selectFrom("repair_requests")
    .selectAll()
    .where("task_id", "=", taskId)
    .where("status", "in", ["checking", "applying"])
    .where("check_only", "=", false)
    .executeTakeFirst();
}

/** Whether a repair of a task is just being applied. */
export async function isApplying(db: Db, taskId: string): Promise<boolean> {
  const row = await requestUnderWay(db, taskId);
  return row?.status === "applying";
}

/** Moves a request on; those that end carry why, where there is something to say. */
export async function setRequest(
  trx: Trx,
  id: string,
  status: RequestRow["status"],
  message: string | null = null,
): Promise<void> {
  const ended = status !== "checking" && status !== "applying";
  await trx
    .updateTable("repair_requests")
    .set({ status, message, ended_at: ended ? sql<Date>`now()` : null })
    .where("id", "=", id)
    .execute();
}

/** The checks of a request in their order, with the revisions and the task they are about. */
export async function readChecks(db: Db, requestId: string) {
  return db
    .selectFrom("repair_checks as c")
    .innerJoin("revisions as f", "f.id", "c.from_revision")
    .innerJoin("revisions as t", "t.id", "c.to_revision")
    .innerJoin("tasks", "tasks.id", "c.task_id")
    .selectAll("c")
    .select(["f.slug as from_slug", "f.version as from_version", "f.digest as from_digest"])
    .select(["t.slug as to_slug", "t.version as to_version", "t.digest as to_digest", "t.workflow_type as to_type"])
    .select("tasks.title")
    .where("c.request_id", "=", requestId)
    .orderBy("c.position")
    .execute();
}
export type CheckRow = Awaited<ReturnType<typeof readChecks>>[number];

/** The check that waits, or waited last, for a replay; undefined when there is none. */
export async function findReplay(db: Db, replayId: string) {
  return db
    .selectFrom("repair_checks as c")
    .innerJoin("repair_requests as q", "q.id", "c.request_id")
    .select(["c.request_id", "c.task_id", "c.workflow_id", "q.tenant_id"])
    .where("c.replay_id", "=", replayId)
    .executeTakeFirst();
}

/** Keeps what a host told of a replay, unless that is not waited for any more. */
export async function putReplayReport(db: Db, replayId: string, report: CheckedReplay): Promise<void> {
  await db
    .updateTable("repair_checks")
    .set({ status: report.status, report: JSON.stringify(report), ended_at: sql<Date>`now()` })
    .where("replay_id", "=", replayId)
    .where("status", "=", "waiting")
    .execute();
}

/** Ends checks that still wait. */
export async function failWaiting(trx: Trx, requestId: string, message: string): Promise<void> {
  await trx
    .updateTable("repair_checks")
    .set({ status: "failed", report: JSON.stringify({ status: "failed", message }), ended_at: sql<Date>`now()` })
    .where("request_id", "=", requestId)
    .where("status", "=", "waiting")
    .execute();
}

/** Has checks that fitted tried once more; reports of earlier replays do not count for them. */
export async function askAgain(trx: Trx, requestId: string, positions: readonly number[]): Promise<void> {
  await trx
    .updateTable("repair_checks")
    .set({ status: "waiting", report: null, replay_id: sql<string>`gen_random_uuid()`, round: sql<number>`round + 1` })
    .set({ asked_at: sql<Date>`now()`, ended_at: null })
    .where("request_id", "=", requestId)
    .where("position", "in", positions)
    .execute();
}
