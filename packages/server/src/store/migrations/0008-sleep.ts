import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  // When something of the tenant last needed workflow code, to the minute; null: not since it has hosts.
  `alter table tenants add column awake_at timestamptz(3)`,
  // Which hosts should run is asked for at every change: what it reads must not grow with revisions nobody uses.
  `create index current_versions_revision on current_versions (revision_id)`,
  `create index deployments_ready on deployments (tenant_id) where status = 'ready'`,
];

/** Tenants sleep: their hosts may stop while tasks wait for people. */
export const sleep: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
