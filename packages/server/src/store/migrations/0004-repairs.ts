import { type Kysely, type Migration, sql } from "kysely";

const STATEMENTS = [
  // Somebody wants a task to go on with other code, or to know whether it could; task_id null: a report on all open tasks of a runbook.
  `create table repair_requests (
     id uuid primary key,
     tenant_id uuid not null references tenants,
     task_id uuid references tasks,
     check_only boolean not null,
     status text not null check (status in ('checking', 'applying', 'checked', 'applied', 'refused', 'failed')),
     message text,
     -- slug, from and to of each child that will be another revision when it is started later
     later_children jsonb not null,
     -- the same as it goes into the task's lock
     lock jsonb not null,
     notices jsonb not null,
     actor jsonb not null,
     reason text,
     created_at timestamptz not null default now(),
     ended_at timestamptz)`,
  // At a time one repair of a task is under way.
  `create unique index repair_requests_one on repair_requests (task_id) where status in ('checking', 'applying') and not check_only`,
  `create index repair_requests_open on repair_requests (created_at) where status in ('checking', 'applying')`,
  // One execution that is to go on with a revision: its history is tried by a host of that revision's queue.
  `create table repair_checks (
     request_id uuid not null references repair_requests on delete cascade,
     position integer not null,
     task_id uuid not null references tasks,
     workflow_id text not null,
     from_revision uuid not null references revisions,
     to_revision uuid not null references revisions,
     status text not null check (status in ('waiting', 'same', 'fits', 'unfit', 'failed')),
     -- of the replay that is waited for; another one for each time it is tried
     replay_id uuid not null unique,
     round integer not null default 1,
     asked_at timestamptz not null default now(),
     ended_at timestamptz,
     -- what the host told, see ReplayReport, with the step that was under way
     report jsonb,
     primary key (request_id, position))`,
  `create index repair_checks_waiting on repair_checks (to_revision) where status = 'waiting'`,
  // What was done: from here on the execution runs the code of revision_id. The highest number is in force.
  `create table repairs (
     workflow_id text not null,
     number integer not null,
     request_id uuid not null references repair_requests,
     task_id uuid not null references tasks,
     tenant_id uuid not null references tenants,
     from_revision uuid not null references revisions,
     revision_id uuid not null references revisions,
     -- what changes in the lock of its children
     lock jsonb not null,
     at timestamptz not null default now(),
     -- when the execution was told by its signal
     told_at timestamptz,
     primary key (workflow_id, number))`,
  `create index repairs_task on repairs (task_id)`,
  `create index repairs_untold on repairs (at) where told_at is null`,
  // Of each repaired execution of an open task the revision that it runs now.
  `create view repairs_in_force as
     select distinct on (r.workflow_id) r.*
     from repairs r join tasks t on t.id = r.task_id
     where t.closed_at is null
     order by r.workflow_id, r.number desc`,
];

/** Tasks in flight can go on with other code. */
export const repairs: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  },
};
