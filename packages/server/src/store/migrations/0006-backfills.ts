import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  `create table backfills (
     id uuid primary key,
     tenant_id uuid not null references tenants,
     workflow_id uuid not null references workflows,
     context jsonb not null,
     max_parallel integer not null,
     again boolean not null,
     actor jsonb not null,
     created_at timestamptz(3) not null default now(),
     launched_at timestamptz(3),
     cancelled_by text,
     ended_at timestamptz(3),
     check (cancelled_by is null or ended_at is not null))`,
  `create unique index backfills_open on backfills (workflow_id) where ended_at is null`,
  `create index backfills_tenant on backfills (tenant_id, created_at desc, id desc)`,
  `create index backfills_recent on backfills (created_at desc, id desc)`,
  `create table backfill_periods (
     backfill_id uuid not null references backfills,
     period text not null,
     outcome text not null default 'waiting'
       check (outcome in ('waiting', 'started', 'already-ran', 'running', 'refused', 'cancelled')),
     task_id uuid references tasks,
     previous_task_id uuid references tasks,
     code text,
     message text,
     at timestamptz(3),
     primary key (backfill_id, period))`,
];

/** Backfills: who asked for which periods of a workflow, and what became of each. */
export const backfills: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
