import type { DocumentRef } from "@ntro/contract";
import type { TenantDatabases } from "./tenant-databases";

/** A file as it was submitted. */
export interface NewDocument {
  readonly id: string;
  readonly taskId: string;
  readonly entitySlug: string;
  /** `YYYY-MM`, of the task; null when it has none. */
  readonly period: string | null;
  readonly source: string;
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Keeps a file in the tenant's own database; the answer is how workflow code sees it. */
export async function insertDocument(
  tenants: TenantDatabases,
  tenantId: string,
  document: NewDocument,
): Promise<DocumentRef> {
  await tenants.query(
    tenantId,
    `insert into ingest.submitted_documents (id, entity_slug, period, source, filename, content_type, data_bytes, task_id, sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      document.id,
      document.entitySlug,
      document.period,
      document.source,
      document.filename,
      document.contentType,
      document.bytes,
      document.taskId,
      document.sha256,
    ],
  );
  return {
    document_ref: document.id,
    source: document.source,
    filename: document.filename,
    content_type: document.contentType,
    size_bytes: document.bytes.byteLength,
    sha256: document.sha256,
  };
}

/** Removes a file that workflow code refused. */
export async function deleteDocument(tenants: TenantDatabases, tenantId: string, id: string): Promise<void> {
  await tenants.query(tenantId, `delete from ingest.submitted_documents where id = $1`, [id]);
}
