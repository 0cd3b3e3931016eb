import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  `alter table tenants add column secrets_version integer not null default 0, add column schema_digest text`,
  // Of a Python revision: what it runs in, see readRequirements of @ntro/bundle. Null for TypeScript.
  `alter table revisions add column environment text, add column requirements jsonb,
     add constraint revisions_environment check ((language = 'python') = (environment is not null)),
     add constraint revisions_requirements check ((environment is null) = (requirements is null))`,
];

/** What Python revisions need: the environment of each, and the secrets of tenants; and which schema a tenant's database has. */
export const python: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
