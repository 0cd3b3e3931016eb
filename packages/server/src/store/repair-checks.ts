import type { Db } from "./database";
import type { CheckedReplay } from "./tables";

/** The check that waits, or waited last, for a replay of an id; undefined when there is none. */
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
    .set({ status: report.status, report: JSON.stringify(report) })
    .where("replay_id", "=", replayId)
    .where("status", "=", "waiting")
    .execute();
}
