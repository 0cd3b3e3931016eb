import { createHash } from "node:crypto";

/** Names the present form of {@link tenantSchema}: a tenant whose row has another one is brought to it when the server starts. */
export function tenantSchemaDigest(): string {
  return createHash("sha256")
    .update(JSON.stringify(tenantSchema("role")))
    .digest("hex");
}

/**
 * The statements that make a tenant's own database, run as the platform's role; they can be run again on one that is there. Schemas `ingest`, `ledgers`, `system` belong to the tenant's
 * role, with the tables and types that published bundles expect (text task ids, jsonb without codec); schema `ntro` belongs to the platform and the
 * tenant's role cannot read it: bundles' code, what people were shown and decided,
 * what tasks returned, secrets, and what models thought aloud.
 */
export function tenantSchema(role: string): string[] {
  return [
    `create schema if not exists ingest authorization "${role}"`,
    `create schema if not exists ledgers authorization "${role}"`,
    `create schema if not exists system authorization "${role}"`,
    `create schema if not exists ntro`,
    `create table if not exists ingest.submitted_documents (
       id uuid primary key default gen_random_uuid(), entity_slug text not null, period text, source text not null, filename text not null,
       content_type text not null, data_bytes bytea not null, uploaded_at timestamptz not null default now(), task_id text,
       size_bytes bigint generated always as (octet_length(data_bytes)) stored, sha256 text)`,
    `create index if not exists submitted_documents_task on ingest.submitted_documents (task_id)`,
    `create table if not exists ingest.extracted_payloads (
       id uuid primary key default gen_random_uuid(), entity_slug text not null, period text, source text not null, document_ref text not null,
       schema_slug text not null, payload jsonb not null, corrections jsonb, task_id text)`,
    `create table if not exists ingest.submitted_records (
       id uuid primary key default gen_random_uuid(), entity_slug text not null, task_id text, kind text, source_ref jsonb, data jsonb not null,
       received_at timestamptz not null default now())`,
    `create index if not exists extracted_payloads_task on ingest.extracted_payloads (task_id, source)`,
    `create index if not exists submitted_records_task on ingest.submitted_records (task_id)`,
    `create table if not exists system.cache_extract (cache_key text primary key, schema_slug text, result jsonb, created_at timestamptz default now())`,
    `create table if not exists system.cache_check (cache_key text primary key, spec_id text, result jsonb, created_at timestamptz default now())`,
    `create table if not exists system.migrations (
       runbook text not null, name text not null, digest text not null, applied_at timestamptz not null default now(), primary key (runbook, name))`,
    `create table if not exists ntro.revisions (workflow_type text primary key, archive text not null, build jsonb)`,
    // Written before the answer is sent to the workflow, settled after: an answer that a crash interrupted is sent again, with the same id.
    `create table if not exists ntro.answers (
       id uuid primary key, task_id uuid not null, workflow_id text not null, gate text not null, update_name text not null, argument json not null,
       shown json, shown_digest text, actor jsonb not null, created_at timestamptz not null default now(), outcome text, refusal jsonb, settled_at timestamptz)`,
    `create index if not exists answers_open on ntro.answers (created_at) where outcome is null`,
    `create index if not exists answers_task on ntro.answers (task_id)`,
    `create table if not exists ntro.task_records (task_id uuid primary key, result json, state json, closed_at timestamptz not null)`,
    // Nonce, tag and text of AES-256-GCM, see tenant-secrets.ts.
    `create table if not exists ntro.secrets (
       name text primary key, ciphertext bytea not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
       updated_by text not null)`,
    `create table if not exists ntro.reasoning (
       id bigint generated always as identity primary key, task_id uuid not null, seq bigint not null, event jsonb not null,
       created_at timestamptz not null default now())`,
    `create index if not exists reasoning_task on ntro.reasoning (task_id, id)`,
    `grant usage, create on schema ingest, ledgers, system to "${role}"`,
    `grant all on all tables in schema ingest, ledgers, system to "${role}"`,
    `alter default privileges in schema ingest, ledgers, system grant all on tables to "${role}"`,
    `revoke all on schema ntro from public`,
    `revoke all on schema ntro from "${role}"`,
  ];
}
