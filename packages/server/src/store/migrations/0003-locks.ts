import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  // Slug → type and queue of each child, as the execution's memo has it. Null for tasks that started before it was kept.
  `alter table tasks add column lock jsonb`,
  // The accounting period YYYY-MM that a task is for.
  `alter table tasks add column period text`,
  `update tasks set period = context->>'period' where context->>'period' ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'`,
  `create index tasks_period on tasks (workflow_id, period) where period is not null`,
];

/** Tasks keep their lock and the period they are for. */
export const locks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
