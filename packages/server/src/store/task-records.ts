import type { NtroState } from "@ntro/contract";
import type { TenantDatabases } from "./tenant-databases";

/** Keeps what a task returned, in the tenant's own database. */
export async function putResult(
  tenants: TenantDatabases,
  tenantId: string,
  record: { taskId: string; result: unknown; closedAt: Date },
): Promise<void> {
  await tenants.query(
    tenantId,
    `insert into ntro.task_records (task_id, result, closed_at) values ($1, $2, $3)
     on conflict (task_id) do update set result = excluded.result, closed_at = excluded.closed_at`,
    [record.taskId, JSON.stringify(record.result ?? null), record.closedAt],
  );
}

/** Keeps the state a task ended in, with what was shown and decided at its steps. */
export async function putFinalState(
  tenants: TenantDatabases,
  tenantId: string,
  taskId: string,
  state: NtroState,
): Promise<void> {
  await tenants.query(tenantId, `update ntro.task_records set state = $2 where task_id = $1`, [
    taskId,
    JSON.stringify(state),
  ]);
}

/** What a task returned; null when it returned nothing, or has not ended. */
export async function readResult(tenants: TenantDatabases, tenantId: string, taskId: string): Promise<unknown> {
  const [row] = await tenants.query<{ result: unknown }>(
    tenantId,
    `select result from ntro.task_records where task_id = $1`,
    [taskId],
  );
  return row?.result ?? null;
}

/** Tasks of the last week whose final state was not kept yet, newest first. */
export async function recordsWithoutState(tenants: TenantDatabases, tenantId: string): Promise<string[]> {
  const rows = await tenants.query<{ task_id: string }>(
    tenantId,
    `select task_id from ntro.task_records where state is null and closed_at > now() - interval '7 days' order by closed_at desc limit 200`,
  );
  return rows.map((row) => row.task_id);
}
