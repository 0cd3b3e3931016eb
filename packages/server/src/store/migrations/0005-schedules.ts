import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  // Every time up to the first has an outcome; the second is the first expected after it, null until it was asked of Temporal.
  `alter table workflows add column schedule_settled_until timestamptz(3), add column schedule_expected_at timestamptz(3)`,
  // What was expected before there was a ledger is not known: the ledger of existing schedules begins now.
  `update workflows set schedule_settled_until = now() where schedule is not null and deleted_at is null`,
  `create index workflows_expected on workflows (schedule_expected_at) where schedule is not null and deleted_at is null`,
  `create table schedule_runs (
     workflow_id uuid not null references workflows,
     nominal_time timestamptz(3) not null,
     outcome text not null check (outcome in ('ran', 'skipped', 'missed', 'failed')),
     task_id uuid references tasks,
     cause text,
     reason text,
     period text not null,
     recorded_at timestamptz(3) not null default now(),
     earlier jsonb,
     made_up_by text,
     primary key (workflow_id, nominal_time),
     constraint schedule_runs_task check (outcome <> 'ran' or task_id is not null),
     constraint schedule_runs_made_up check (earlier is null or made_up_by is not null))`,
  `create table schedule_pauses (
     id uuid primary key default gen_random_uuid(),
     workflow_id uuid not null references workflows,
     since timestamptz(3) not null,
     paused_by text not null,
     reason text,
     until timestamptz(3),
     resumed_by text,
     check ((until is null) = (resumed_by is null)))`,
  `create unique index schedule_pauses_open on schedule_pauses (workflow_id) where until is null`,
  `create index schedule_pauses_workflow on schedule_pauses (workflow_id, since)`,
];

/** The ledger of schedules: which times were expected of each, and what became of every one. */
export const schedules: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
