import { Build } from "@ntro/contract";
import type { TenantDatabases } from "./tenant-databases";

/** Keeps a revision's archive in the tenant's database; the same again changes nothing. */
export async function putArchive(
  tenants: TenantDatabases,
  tenantId: string,
  workflowType: string,
  archive: string,
): Promise<void> {
  await tenants.query(
    tenantId,
    `insert into ntro.revisions (workflow_type, archive) values ($1, $2) on conflict (workflow_type) do nothing`,
    [workflowType, archive],
  );
}

/** Removes a revision's archive and build; nothing happens when they are gone. */
export async function removeContent(tenants: TenantDatabases, tenantId: string, workflowType: string): Promise<void> {
  await tenants.query(tenantId, `delete from ntro.revisions where workflow_type = $1`, [workflowType]);
}

/** A revision's archive and, once some host has built it, its build; undefined when the tenant has no such revision. */
export async function readContent(
  tenants: TenantDatabases,
  tenantId: string,
  workflowType: string,
): Promise<{ archive: string; build: Build | null } | undefined> {
  const [row] = await tenants.query<{ archive: string; build: unknown }>(
    tenantId,
    `select archive, build from ntro.revisions where workflow_type = $1`,
    [workflowType],
  );
  return row && { archive: row.archive, build: row.build === null ? null : Build.parse(row.build) };
}

/** Keeps what a host has built of a revision, in place of an earlier build. */
export async function putBuild(
  tenants: TenantDatabases,
  tenantId: string,
  workflowType: string,
  build: Build,
): Promise<void> {
  await tenants.query(tenantId, `update ntro.revisions set build = $2 where workflow_type = $1`, [
    workflowType,
    JSON.stringify(build),
  ]);
}
