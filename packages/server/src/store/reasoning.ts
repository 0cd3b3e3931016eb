import { ReasoningEntry, type ReasoningEvent } from "@ntro/contract";
import * as z from "zod";
import type { TenantDatabases } from "./tenant-databases";

/** How many events a task keeps: what a model thought aloud is for those who watch, not for the record. */
const KEPT = 2_000;
/** Ids that are not kept any more are removed when one of so many comes. */
const SWEEP_EVERY = 100;
/** Events of one answer. */
const PAGE = 1_000;

/** Keeps an event in the tenant's own database, and no more than the last {@link KEPT} of its task. */
export async function addReasoning(
  tenants: TenantDatabases,
  tenantId: string,
  taskId: string,
  event: ReasoningEvent,
): Promise<void> {
  const [row] = await tenants.query<{ id: string }>(
    tenantId,
    `insert into ntro.reasoning (task_id, seq, event) values ($1, $2, $3) returning id`,
    [taskId, event.seq, JSON.stringify(event)],
  );
  if (Number(row?.id) % SWEEP_EVERY !== 0) return;
  await tenants.query(
    tenantId,
    `delete from ntro.reasoning where task_id = $1 and id <= (
       select id from ntro.reasoning where task_id = $1 order by id desc offset ${KEPT} limit 1)`,
    [taskId],
  );
}

const Row = z.object({ id: z.coerce.number(), event: z.record(z.string(), z.unknown()), created_at: z.date() });

/** Events of a task with ids over `since`, oldest first. */
export async function listReasoning(
  tenants: TenantDatabases,
  tenantId: string,
  taskId: string,
  since: number,
): Promise<ReasoningEntry[]> {
  const rows = await tenants.query(
    tenantId,
    `select id, event, created_at from ntro.reasoning where task_id = $1 and id > $2 order by id limit ${PAGE}`,
    [taskId, since],
  );
  return rows.map((row) => {
    const { id, event, created_at } = Row.parse(row);
    return ReasoningEntry.parse({ ...event, id, createdAt: created_at.toISOString() });
  });
}
