import { type Kysely, sql } from "kysely";

/** The workspace database: metadata only, never what a document or a review holds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table platform (key text primary key, value jsonb not null)`,
  `create table tenants (
     id uuid primary key default gen_random_uuid(), name text not null, slug text not null unique, data_platform text not null,
     data_platform_config_id text, status text not null, config jsonb, failure text,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now())`,
  `create table api_keys (
     id uuid primary key default gen_random_uuid(), prefix text not null, hash text not null unique, name text not null, email text not null,
     role text not null, tenant_id uuid references tenants, created_at timestamptz not null default now(), revoked_at timestamptz)`,
  `create table entities (
     id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, name text not null, slug text not null,
     type text, jurisdiction text, currency text, schema text, config jsonb,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now(), unique (tenant_id, slug))`,
  `create table revisions (
     id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, slug text not null, version text not null,
     digest text not null, language text not null, workflow_type text not null, manifest jsonb not null, described jsonb,
     deployed_by text not null, created_at timestamptz not null default now(), unique (tenant_id, workflow_type), unique (tenant_id, slug, version, digest))`,
  `create table deployments (
     id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, revision_id uuid not null references revisions,
     status text not null, pin boolean not null, became_current boolean not null default false, faults jsonb, deployed_by text not null,
     created_at timestamptz not null default now(), ended_at timestamptz)`,
  `create index deployments_pending on deployments (tenant_id) where status = 'pending'`,
  `create index deployments_revision on deployments (revision_id)`,
  `create table current_versions (
     tenant_id uuid not null references tenants, slug text not null, revision_id uuid not null references revisions,
     since timestamptz not null default now(), primary key (tenant_id, slug))`,
  `create table workflows (
     id uuid primary key default gen_random_uuid(), tenant_id uuid not null references tenants, entity_id uuid not null references entities,
     runbook_slug text not null, name text, runbook_version text, description text, schedule text, timezone text, default_config jsonb,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now(), deleted_at timestamptz)`,
  `create unique index workflows_binding on workflows (entity_id, runbook_slug, coalesce(name, '')) where deleted_at is null`,
  `create unique index workflows_name on workflows (name) where name is not null and deleted_at is null`,
  `create table tasks (
     id uuid primary key, tenant_id uuid not null references tenants, entity_id uuid not null references entities,
     workflow_id uuid not null references workflows, revision_id uuid not null references revisions, title text not null, status text not null,
     priority text, due_date timestamptz, context jsonb not null, created_by text not null, nominal_time timestamptz, run_id text,
     steps jsonb not null default '[]', gates jsonb not null default '[]', failure jsonb,
     created_at timestamptz not null default now(), updated_at timestamptz not null default now(), started_at timestamptz, closed_at timestamptz,
     unique (workflow_id, nominal_time))`,
  `create index tasks_open on tasks (tenant_id) where closed_at is null`,
  `create index tasks_by_entity on tasks (entity_id, created_at desc)`,
  `create index tasks_by_status on tasks (status, created_at desc)`,
  // One row for a task and one for each of its children: the last state that a host reported.
  `create table workflow_states (
     workflow_id text primary key, task_id uuid not null references tasks on delete cascade, run_id text not null, seq integer not null,
     steps jsonb not null, current_step text, gates jsonb not null, children jsonb not null, code_failing jsonb, reported_at timestamptz not null)`,
  `create index workflow_states_task on workflow_states (task_id)`,
  `create table events (
     id bigserial primary key, at timestamptz not null default now(), type text not null, tenant_id uuid, task_id uuid, deployment_id uuid, data jsonb not null)`,
  `create index events_task on events (task_id, id)`,
  `create index events_deployment on events (deployment_id, id)`,
  // Append-only: each row's hash covers the row and the hash before it.
  `create table audit (
     seq bigint primary key, at timestamptz not null, tenant_id uuid, actor jsonb not null, action text not null, subject text not null,
     detail jsonb not null, shown_digest text, previous_hash text not null, hash text not null unique)`,
  `create function audit_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'the audit log is append-only'; end $$`,
  `create trigger audit_append_only before update or delete on audit for each row execute function audit_is_append_only()`,
  `create table idempotency (
     owner text not null, key text not null, request_digest text not null, status integer, answer jsonb,
     created_at timestamptz not null default now(), primary key (owner, key))`,
  `create table preludes (digest text primary key, code text not null, created_at timestamptz not null default now())`,
];
