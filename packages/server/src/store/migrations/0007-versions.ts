import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  // A dry run is prepared like any other deployment, makes nothing ready, and is removed when it has ended.
  `alter table deployments add column dry_run boolean not null default false`,
  `create index deployments_dry_run on deployments (ended_at) where dry_run`,
  // When nothing used the revision and its content was given up; until it is made ready anew, no task may start on it.
  `alter table revisions add column pruned_at timestamptz(3)`,
  // Whether the tenant's database may still hold the archive: false once that of a pruned revision is gone.
  `alter table revisions add column has_content boolean not null default true`,
  `create index revisions_pruned on revisions (pruned_at) where pruned_at is not null`,
  // Who deployed or promoted it.
  `alter table current_versions add column moved_by text`,
  `update current_versions c set moved_by = (
     select d.deployed_by from deployments d
     where d.revision_id = c.revision_id and d.became_current and d.created_at = c.requested_at limit 1)`,
];

/** Revisions can be pruned, deployments can be dry runs, and who moved a current version is known. */
export const versions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
