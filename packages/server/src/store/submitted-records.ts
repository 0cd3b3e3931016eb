import type { SubmittedRecord } from "@ntro/contract";
import type { TenantDatabases } from "./tenant-databases";

/** Keeps rows that were submitted as data in the tenant's own database, all of them or none. */
export async function insertRecords(
  tenants: TenantDatabases,
  tenantId: string,
  taskId: string,
  records: readonly SubmittedRecord[],
): Promise<void> {
  const rows = records.map(({ event_id, entity_slug, kind, source_ref, data, received_at }) => ({
    id: event_id,
    entity_slug,
    task_id: taskId,
    kind,
    source_ref,
    data,
    received_at,
  }));
  await tenants.query(
    tenantId,
    `insert into ingest.submitted_records (id, entity_slug, task_id, kind, source_ref, data, received_at)
     select id, entity_slug, task_id, kind, nullif(source_ref, 'null'::jsonb), data, received_at
     from jsonb_to_recordset($1::jsonb)
       as r (id uuid, entity_slug text, task_id text, kind text, source_ref jsonb, data jsonb, received_at timestamptz)`,
    [JSON.stringify(rows)],
  );
}

/** Removes rows that workflow code refused. */
export async function deleteRecords(tenants: TenantDatabases, tenantId: string, ids: readonly string[]): Promise<void> {
  await tenants.query(tenantId, `delete from ingest.submitted_records where id = any($1::uuid[])`, [ids]);
}
