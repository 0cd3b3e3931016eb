import * as z from "zod";

/** A tenant's, entity's or runbook's slug: lower-case letters, digits and inner hyphens, at most 63 characters (fits a DNS label). */
export const Slug = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "use lower-case letters, digits and inner hyphens, at most 63 characters",
  );
export type Slug = z.infer<typeof Slug>;

/** An accounting period `YYYY-MM`. */
export const Period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, "use YYYY-MM, such as 2026-03");
export type Period = z.infer<typeof Period>;

/** Sha256 in lower-case hex. */
export const Digest = z.string().regex(/^[0-9a-f]{64}$/);
export type Digest = z.infer<typeof Digest>;

export const Language = z.enum(["typescript", "python"]);
export type Language = z.infer<typeof Language>;

/** The environment of Python bundles that ask for no packages of their own. */
export const BASE_ENVIRONMENT = "base";

/**
 * The Temporal task queue of a tenant's host.
 * @param environment of a Python revision: {@link BASE_ENVIRONMENT}, or the first 12 hex digits of its requirements' digest; null for TypeScript
 */
export function taskQueue(tenantSlug: string, language: Language, environment: string | null): string {
  return language === "typescript"
    ? `ntro/${tenantSlug}/ts`
    : `ntro/${tenantSlug}/py-${environment ?? BASE_ENVIRONMENT}`;
}

/** The queue of the control workflow that schedules start; a worker of the platform itself serves it. */
export const CONTROL_QUEUE = "ntro/control";
/** The control workflow's type: dispatches one scheduled task. */
export const DISPATCH_WORKFLOW = "ntro.dispatch";
/** The control workflow of a backfill: starts its periods one after the other. */
export const BACKFILL_WORKFLOW = "ntro.backfill";

/** How many hex digits of a revision's digest its workflow type shows. */
const DIGEST_SHOWN = 12;

export interface RevisionName {
  slug: string;
  version: string;
  /** Whole sha256, or its first 12 hex digits. */
  digest: string;
}

/** The Temporal workflow type of a revision: `<slug>@<version>+<first 12 of digest>`. A task keeps it to its end. */
export function workflowType({ slug, version, digest }: RevisionName): string {
  return `${slug}@${version}+${digest.slice(0, DIGEST_SHOWN)}`;
}

/** The parts of a workflow type made by {@link workflowType}; undefined when it is not one of ours. The version may itself hold a `+`. */
export function parseWorkflowType(type: string): RevisionName | undefined {
  const match = /^([a-z0-9-]+)@(.+)\+([0-9a-f]{12})$/.exec(type);
  return match?.[1] && match[2] && match[3] ? { slug: match[1], version: match[2], digest: match[3] } : undefined;
}

/** A child's Temporal workflow id: `<parent>:<step>:<slug>`, with `:<source>` when a step starts several of one runbook (spec of the published SDK). */
export function childWorkflowId(parent: string, stepId: string, slug: string, source?: string): string {
  return source === undefined ? `${parent}:${stepId}:${slug}` : `${parent}:${stepId}:${slug}:${source}`;
}

/** The task (root workflow) a workflow id belongs to. */
export function rootTaskId(workflowId: string): string {
  return workflowId.split(":", 1)[0] ?? workflowId;
}

/** Queries that every host answers. The first five are those of the published SDK. */
export const QUERIES = {
  pendingAction: "current_pending_action",
  steps: "current_steps",
  uiState: "current_ui_state",
  snapshots: "step_snapshots",
  children: "children_by_step_id",
  state: "ntro_state",
} as const;

/** Signals of the published protocol. */
export const SIGNALS = {
  userAction: "user_action",
  documentSubmitted: "document_submitted",
  dataSubmitted: "data_submitted",
} as const;

/** The signal by which an execution is told that it goes on with the code of another revision; its argument is `RepairedSignal`. */
export const REPAIRED_SIGNAL = "ntro_repaired";

/** What workflow code is told by update: the first three carry a gate's token and are refused by their validators unless that gate is open. */
export const UPDATES = {
  decide: "ntro_decide",
  submit: "ntro_submit",
  rowAction: "ntro_row_action",
  ingest: "ntro_ingest",
} as const;

/** Memo keys of a task's Temporal execution. */
export const MEMO = { lock: "ntro_lock", tenant: "ntro_tenant", workflow: "ntro_workflow" } as const;

/** Slug → the revision that a task's children start, fixed at dispatch. */
export const Lock = z.record(z.string(), z.object({ type: z.string(), queue: z.string() }));
export type Lock = z.infer<typeof Lock>;
