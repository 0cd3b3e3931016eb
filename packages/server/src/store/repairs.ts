import type { Lock } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import type { Db } from "./database";
import type { Tables } from "./tables";

/** An execution goes on with another revision, or with another lock of its children. */
export interface NewRepair {
  readonly workflowId: string;
  readonly requestId: string;
  readonly taskId: string;
  readonly tenantId: string;
  readonly fromRevision: string;
  readonly revisionId: string;
  readonly lock: Lock;
}

/** Records a repair under the execution's next number. Hold the task's row. */
export async function insertRepair(trx: Transaction<Tables>, repair: NewRepair): Promise<void> {
  await trx
    .insertInto("repairs")
    .values({
      workflow_id: repair.workflowId,
      number: sql<number>`(select coalesce(max(number), 0) + 1 from repairs where workflow_id = ${repair.workflowId})`,
      request_id: repair.requestId,
      task_id: repair.taskId,
      tenant_id: repair.tenantId,
      from_revision: repair.fromRevision,
      revision_id: repair.revisionId,
      lock: JSON.stringify(repair.lock),
    })
    .execute();
}

/** Which revision each repaired execution of a task runs, by workflow id. */
export async function revisionsInForce(db: Db, taskId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom("repairs_in_force")
    .select(["workflow_id", "revision_id"])
    .where("task_id", "=", taskId)
    .execute();
  return new Map(rows.map((row) => [row.workflow_id, row.revision_id]));
}

/** Repairs that were recorded and whose executions have not been told yet, in the order of their numbers: of one task, or of all when null. */
export async function untoldRepairs(db: Db, taskId: string | null) {
  let query = db
    .selectFrom("repairs as p")
    .innerJoin("revisions as r", "r.id", "p.revision_id")
    .select(["p.workflow_id", "p.number", "p.request_id", "p.lock", "r.workflow_type"])
    .where("p.told_at", "is", null)
    .orderBy("p.number");
  if (taskId !== null) query = query.where("p.task_id", "=", taskId);
  return query.execute();
}

/** The execution has been told. */
export async function markTold(db: Db, workflowId: string, number: number): Promise<void> {
  await db
    .updateTable("repairs")
    .set({ told_at: sql<Date>`now()` })
    .where("workflow_id", "=", workflowId)
    .where("number", "=", number)
    .execute();
}

/** Every repair of a task's executions with its revisions and who asked for it, oldest first. */
export async function repairsOfTask(db: Db, taskId: string) {
  return db
    .selectFrom("repairs as p")
    .innerJoin("revisions as f", "f.id", "p.from_revision")
    .innerJoin("revisions as t", "t.id", "p.revision_id")
    .innerJoin("repair_requests as q", "q.id", "p.request_id")
    .select(["p.workflow_id", "p.number", "p.at", "q.actor", "q.reason"])
    .select(["f.slug as from_slug", "f.version as from_version", "f.digest as from_digest"])
    .select(["t.slug as to_slug", "t.version as to_version", "t.digest as to_digest"])
    .where("p.task_id", "=", taskId)
    .orderBy("p.number")
    .execute();
}
