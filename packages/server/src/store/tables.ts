import type {
  Actor,
  ChildState,
  Described,
  Fault,
  GateSummary,
  LaterChild,
  Lock,
  Manifest,
  PeriodOutcome,
  ReplayReport,
  Role,
  StepState,
  TaskFailure,
  TaskStatus,
  TenantStatus,
} from "@ntro/contract";
import type { ColumnType, Generated, JSONColumnType, RawBuilder } from "kysely";
import type { CreatedAt, Json, JsonList, JsonNullable, Nullable, UpdatedAt } from "./columns";
import type { ScheduleTables } from "./schedule-tables";

/** Of an execution: what it was asked to go on with and what it goes on with, see the migration 0004. */
interface RepairTable {
  workflow_id: string;
  number: number;
  request_id: string;
  task_id: string;
  tenant_id: string;
  from_revision: string;
  revision_id: string;
  lock: JSONColumnType<Lock>;
  at: CreatedAt;
  told_at: Nullable<Date>;
}

/** What a host told of a replay, with the step that was under way where it differed. */
export type CheckedReplay = ReplayReport & { readonly step?: { readonly id: string; readonly title: string } | null };

/** The workspace database, as its migrations leave it. */
export interface Tables extends ScheduleTables {
  platform: { key: string; value: JSONColumnType<Json> };
  tenants: {
    id: Generated<string>;
    name: string;
    slug: ColumnType<string, string, never>;
    data_platform: "managed-postgres" | "snowflake" | "microsoft-fabric";
    data_platform_config_id: Nullable<string>;
    status: TenantStatus;
    config: JsonNullable<Json>;
    failure: Nullable<string>;
    /** Grows with each change of its secrets; 0 when none was ever set. */
    secrets_version: ColumnType<number, number | undefined, number>;
    /** Of the statements that made its database, see tenant-schema.ts. */
    schema_digest: Nullable<string>;
    /** When something of it last needed workflow code, to the minute. */
    awake_at: Nullable<Date>;
    created_at: CreatedAt;
    updated_at: UpdatedAt;
  };
  api_keys: {
    id: Generated<string>;
    prefix: string;
    hash: string;
    name: string;
    email: string;
    role: Role;
    tenant_id: Nullable<string>;
    created_at: CreatedAt;
    revoked_at: Nullable<Date>;
  };
  entities: {
    id: Generated<string>;
    tenant_id: string;
    name: string;
    slug: string;
    type: Nullable<string>;
    jurisdiction: Nullable<string>;
    currency: Nullable<string>;
    schema: Nullable<string>;
    config: JsonNullable<Json>;
    created_at: CreatedAt;
    updated_at: UpdatedAt;
  };
  revisions: {
    id: Generated<string>;
    tenant_id: string;
    slug: string;
    version: string;
    digest: string;
    language: "typescript" | "python";
    workflow_type: string;
    /** What a Python revision runs in: `base`, or the name of its requirements; null for TypeScript. */
    environment: Nullable<string>;
    /** What the environment has beyond the base, and which requirements the base meets; null for TypeScript. */
    requirements: JsonNullable<{ lines: string[]; provided: string[] }>;
    manifest: JSONColumnType<Manifest>;
    described: JsonNullable<Described>;
    deployed_by: string;
    created_at: CreatedAt;
    /** When nothing used it and its content was given up; null again once it was made ready anew. */
    pruned_at: Nullable<Date>;
    /** Whether the tenant's database may hold its archive: false once that of a pruned revision is gone. */
    has_content: ColumnType<boolean, boolean | undefined, boolean>;
  };
  deployments: {
    id: Generated<string>;
    tenant_id: string;
    revision_id: string;
    status: "pending" | "ready" | "failed";
    pin: boolean;
    /** Prepared to see whether it could be, and what would change: nothing comes of it. */
    dry_run: ColumnType<boolean, boolean | undefined, never>;
    became_current: ColumnType<boolean, boolean | undefined, boolean>;
    faults: JsonNullable<Fault[]>;
    deployed_by: string;
    created_at: CreatedAt;
    /** When a host last said that it is at work on it. */
    progress_at: Nullable<Date>;
    ended_at: Nullable<Date>;
  };
  current_versions: {
    tenant_id: string;
    slug: string;
    revision_id: string;
    /** When the deploy or promotion that moved it was asked for: one asked for earlier does not move it any more. */
    requested_at: Date;
    since: UpdatedAt;
    /** Who deployed or promoted it; null where that was not kept. */
    moved_by: Nullable<string>;
  };
  workflows: {
    id: Generated<string>;
    tenant_id: string;
    entity_id: string;
    runbook_slug: string;
    name: Nullable<string>;
    runbook_version: Nullable<string>;
    description: Nullable<string>;
    schedule: Nullable<string>;
    timezone: Nullable<string>;
    default_config: JsonNullable<Json>;
    /** Every time that the schedule expected up to here has an outcome; null without a schedule. */
    schedule_settled_until: Nullable<Date>;
    /** The first expected time after that; null until it was asked of Temporal. */
    schedule_expected_at: Nullable<Date>;
    created_at: CreatedAt;
    updated_at: UpdatedAt;
    deleted_at: Nullable<Date>;
  };
  tasks: {
    id: string;
    tenant_id: string;
    entity_id: string;
    workflow_id: string;
    revision_id: string;
    title: string;
    status: TaskStatus;
    priority: Nullable<string>;
    due_date: Nullable<Date>;
    context: JSONColumnType<Json>;
    created_by: string;
    nominal_time: Nullable<Date>;
    /** The accounting period `YYYY-MM` it is for; null when it is for none. */
    period: Nullable<string>;
    /** Slug → the revision of each child; null for a task older than this column. */
    lock: JsonNullable<Lock>;
    run_id: Nullable<string>;
    steps: JsonList<StepState>;
    gates: JsonList<GateSummary>;
    failure: JsonNullable<TaskFailure>;
    created_at: CreatedAt;
    updated_at: UpdatedAt;
    started_at: Nullable<Date>;
    closed_at: Nullable<Date>;
  };
  backfills: {
    id: string;
    tenant_id: string;
    workflow_id: string;
    /** Start parameters of each task, beside the period. */
    context: JSONColumnType<Json>;
    /** How many of its tasks may be open at once. */
    max_parallel: number;
    /** Also periods that ran before. */
    again: boolean;
    actor: JSONColumnType<Actor>;
    created_at: CreatedAt;
    /** When its control workflow was started. */
    launched_at: Nullable<Date>;
    /** The name of who stopped it. */
    cancelled_by: Nullable<string>;
    ended_at: Nullable<Date>;
  };
  backfill_periods: {
    backfill_id: string;
    period: string;
    outcome: ColumnType<PeriodOutcome, PeriodOutcome | undefined, PeriodOutcome>;
    task_id: Nullable<string>;
    previous_task_id: Nullable<string>;
    code: Nullable<string>;
    message: Nullable<string>;
    at: Nullable<Date>;
  };
  workflow_states: {
    workflow_id: string;
    task_id: string;
    run_id: string;
    seq: number;
    steps: JsonList<StepState>;
    current_step: Nullable<string>;
    gates: JsonList<GateSummary>;
    children: JsonList<ChildState>;
    code_failing: JsonNullable<TaskFailure>;
    reported_at: Date;
  };
  repair_requests: {
    id: string;
    tenant_id: string;
    task_id: Nullable<string>;
    check_only: boolean;
    status: "checking" | "applying" | "checked" | "applied" | "refused" | "failed";
    message: Nullable<string>;
    later_children: JsonList<LaterChild>;
    lock: JSONColumnType<Lock>;
    notices: JsonList<string>;
    actor: JSONColumnType<Actor>;
    reason: Nullable<string>;
    created_at: CreatedAt;
    ended_at: Nullable<Date>;
  };
  repair_checks: {
    request_id: string;
    position: number;
    task_id: string;
    workflow_id: string;
    from_revision: string;
    to_revision: string;
    status: "waiting" | "same" | "fits" | "unfit" | "failed";
    replay_id: string;
    round: ColumnType<number, number | undefined, number>;
    asked_at: ColumnType<Date, Date | undefined, Date>;
    ended_at: Nullable<Date>;
    report: JsonNullable<CheckedReplay>;
  };
  repairs: RepairTable;
  /** A view. */
  repairs_in_force: RepairTable;
  events: {
    id: Generated<string>;
    at: ColumnType<Date, Date | RawBuilder<Date> | undefined, never>;
    type: string;
    tenant_id: Nullable<string>;
    task_id: Nullable<string>;
    deployment_id: Nullable<string>;
    data: JSONColumnType<Json>;
  };
  audit: {
    seq: ColumnType<string, string | number | bigint, never>;
    at: Date;
    tenant_id: Nullable<string>;
    actor: JSONColumnType<Json>;
    action: string;
    subject: string;
    detail: JSONColumnType<Json>;
    shown_digest: Nullable<string>;
    previous_hash: string;
    hash: string;
  };
  idempotency: {
    owner: string;
    key: string;
    request_digest: string;
    status: Nullable<number>;
    answer: JsonNullable<unknown>;
    /** Of a request without an answer: until when it is taken to be worked on. */
    held_until: ColumnType<Date, RawBuilder<Date>, RawBuilder<Date>>;
    created_at: CreatedAt;
  };
  preludes: { digest: string; code: string; created_at: CreatedAt };
}
