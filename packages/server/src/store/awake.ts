import { rootTaskId } from "@ntro/contract";
import { sql } from "kysely";
import type { Logger } from "pino";
import * as z from "zod";
import type { Db } from "./database";
import { CHANNEL, nudgeWorkers, type Wake } from "./events";

/** The longest time between two notes, in milliseconds; half of the idle time where that is less. */
const NOTE_MS = 60_000;

/** Milliseconds between two notes that a tenant is in use, for an idle time in milliseconds. */
export function noteInterval(idleMs: number): number {
  return Math.min(NOTE_MS, idleMs / 2);
}

/** Gives what is called with each workflow whose code is asked something; it notes that the workflow's tenant is in use, and has its hosts started where it slept. */
export function awakener(db: Db, idleMs: number, log: Logger): (workflowId: string) => void {
  const noteMs = noteInterval(idleMs);
  const noted = new Set<string>();
  let until = 0;
  return (workflowId) => {
    const taskId = rootTaskId(workflowId);
    if (Date.now() >= until) {
      noted.clear();
      until = Date.now() + noteMs;
    }
    if (noted.has(taskId) || !z.uuid().safeParse(taskId).success) return;
    noted.add(taskId);
    // Nobody waits for it: an answer of a host that runs must not take longer, and one that is started now is waited for anyway.
    noteTaskAsked(db, taskId, noteMs / 2).catch((error: unknown) => {
      noted.delete(taskId);
      log.warn({ err: error, taskId }, "it could not be noted that a tenant is in use");
    });
  };
}

/** One statement, so that a crash leaves no note without its nudge. An ended task wakes nobody: what it says of itself is nice to have. */
async function noteTaskAsked(db: Db, taskId: string, noteMs: number): Promise<void> {
  const nudge: Wake = "worker";
  await sql`
    with noted as (
      update tenants set awake_at = now() from tasks
      where tasks.id = ${taskId} and tasks.closed_at is null and tenants.id = tasks.tenant_id
        and (tenants.awake_at is null or tenants.awake_at < now() - ${noteMs}::float8 * interval '1 millisecond')
      returning 1)
    select pg_notify(${CHANNEL}, ${nudge}) from noted`.execute(db);
}

/** Notes that tenants are in use, and has their hosts started. */
export async function wakeTenants(db: Db, tenantIds: readonly string[]): Promise<void> {
  await db.updateTable("tenants").set({ awake_at: sql<Date>`now()` }).where("id", "in", tenantIds).execute();
  await nudgeWorkers(db);
}
