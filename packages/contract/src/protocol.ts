import * as z from "zod";
import { Lock } from "./names";

/**
 * What workflow code and the platform say to each other over Temporal (snake_case, as the published SDK has it).
 * Hosts of both languages answer with these shapes; `golden/` holds examples that both test suites read.
 */

export const StepStatus = z.enum(["pending", "active", "completed", "failed"]);
export type StepStatus = z.infer<typeof StepStatus>;

export const StepState = z.object({
  id: z.string(),
  title: z.string(),
  icon: z.string().optional(),
  status: StepStatus,
  /** ISO 8601 UTC, of the workflow's clock. */
  started_at: z.string().optional(),
  ended_at: z.string().optional(),
});
export type StepState = z.infer<typeof StepState>;

export const GateKind = z.enum(["submit_file", "submit_files", "interactive_review"]);
export type GateKind = z.infer<typeof GateKind>;

export const DisplayHint = z.object({ component: z.string(), config: z.record(z.string(), z.unknown()) });
export type DisplayHint = z.infer<typeof DisplayHint>;

export const Feedback = z.object({
  kind: z.string(),
  level: z.enum(["info", "warning", "error"]),
  payload: z.unknown(),
});
export type Feedback = z.infer<typeof Feedback>;

export const CheckStatus = z.enum(["running", "pass", "warn", "fail", "skipped"]);
export const CheckItem = z.object({
  id: z.string(),
  title: z.string(),
  status: CheckStatus,
  detail: z.string().nullish(),
  data: z.unknown().optional(),
  source: z.string().nullish(),
  confidence: z.number().nullish(),
  feedback: z.string().nullish(),
});
export type CheckItem = z.infer<typeof CheckItem>;
export const Checks = z.object({
  status: CheckStatus,
  summary: z.string(),
  progress: z.object({ completed: z.number().int(), total: z.number().int() }).optional(),
  skipped_reason: z.string().nullish(),
  items: z.array(CheckItem),
});
export type Checks = z.infer<typeof Checks>;

/** The published description of what a task waits for; authors of Python bundles may add keys. */
export const PendingAction = z.looseObject({
  kind: z.enum(["submit_file", "submit_files", "interactive_review", "drill_down"]),
  reason: z.string().nullish(),
  display_hint: DisplayHint.nullish(),
  payload: z.unknown().optional(),
  args: z.record(z.string(), z.unknown()).nullish(),
  tool: z.string().nullish(),
  tools: z.array(z.string()).nullish(),
  children: z.array(z.object({ task_id: z.string(), step_id: z.string(), slug: z.string() })).nullish(),
  feedback: Feedback.nullish(),
  checks: Checks.nullish(),
});
export type PendingAction = z.infer<typeof PendingAction>;

/** A change to one cell, made while a review is open or together with its approval. Values are JSON; money is a decimal string. */
export const Correction = z.object({
  row_id: z.string(),
  field: z.string(),
  /** What the person saw; refused when the row has another value by now. Absent: not compared. */
  old_value: z.unknown().optional(),
  new_value: z.unknown(),
});
export type Correction = z.infer<typeof Correction>;

/** Who acted: a key's owner; `via` tells a person from an agent acting for one. */
export const Actor = z.object({
  id: z.string(),
  name: z.string(),
  via: z.enum(["person", "agent", "system"]).default("person"),
});
export type Actor = z.infer<typeof Actor>;

/** The file types and size a submission slot takes. `accept` holds lower-case extensions without the dot; empty takes any. */
export const FileSlot = z.object({
  source: z.string(),
  title: z.string().optional(),
  accept: z.array(z.string()),
  max_size_mb: z.number().positive(),
  /** `processing`: a child runbook has the file and works on it; `failed`: that child failed. */
  status: z.enum(["pending", "processing", "completed", "failed"]),
  document: z.unknown().optional(),
});
export type FileSlot = z.infer<typeof FileSlot>;

/** One opening of a pending action. `token` is shared with no other opening, so an answer can never reach another gate. */
export const OpenGate = z.object({
  token: z.string(),
  kind: GateKind,
  step_id: z.string(),
  opened_at: z.string(),
  due_at: z.string().optional(),
  /** What is asked, in one line. */
  title: z.string(),
  /** Whether a rejection must carry a reason. */
  reason_required: z.boolean(),
  /** Submission slots of the two file kinds. */
  slots: z.array(FileSlot).optional(),
  /** Edits and rejected rows so far, of a review. */
  edits: z.array(Correction.extend({ by: z.string(), at: z.string() })).optional(),
  rejected_rows: z.array(z.string()).optional(),
  action: PendingAction,
});
export type OpenGate = z.infer<typeof OpenGate>;

export const ChildState = z.object({
  workflow_id: z.string(),
  run_id: z.string().optional(),
  slug: z.string(),
  step_id: z.string(),
  status: z.enum(["running", "completed", "failed"]),
});
export type ChildState = z.infer<typeof ChildState>;

export const Snapshot = z.object({
  display_hint: DisplayHint,
  completed_at: z.string(),
  payload: z.unknown().optional(),
  decision: z.unknown().optional(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** The answer of the query `ntro_state`: everything about a workflow in one read. Several gates may be open, oldest first. */
export const NtroState = z.object({
  seq: z.number().int(),
  steps: z.array(StepState),
  current_step: z.string().nullable(),
  gates: z.array(OpenGate),
  children: z.array(ChildState),
  feedback: Feedback.nullable(),
  snapshots: z.record(z.string(), Snapshot),
});
export type NtroState = z.infer<typeof NtroState>;

/** The argument of the update `ntro_decide`: the superset that every dialect of the published SDK reads, and the gate it answers. */
export const DecideUpdate = z.object({
  gate: z.string(),
  type: z.enum(["approved", "rejected"]),
  kind: z.enum(["approve", "reject"]),
  action: z.enum(["approve", "reject"]),
  reason: z.string().nullable(),
  comments: z.string().nullable(),
  corrections: z.array(Correction.and(z.record(z.string(), z.unknown()))),
  actedBy: Actor,
  at: z.string(),
});
export type DecideUpdate = z.infer<typeof DecideUpdate>;

/** The one constructor of a {@link DecideUpdate}; corrections carry every name that published bundles match rows by. */
export function decideUpdate(input: {
  gate: string;
  decision: "approved" | "rejected";
  reason: string | undefined;
  corrections: readonly Correction[];
  actor: Actor;
  /** ISO 8601 UTC. */
  at: string;
}): DecideUpdate {
  const verb = input.decision === "approved" ? "approve" : "reject";
  return {
    gate: input.gate,
    type: input.decision,
    kind: verb,
    action: verb,
    reason: input.reason ?? null,
    comments: input.reason ?? null,
    corrections: input.corrections.map((correction) => ({
      ...correction,
      line_item_id: correction.row_id,
      id: correction.row_id,
      ...(/^\d+$/.test(correction.row_id) ? { line_index: Number(correction.row_id) } : {}),
    })),
    actedBy: input.actor,
    at: input.at,
  };
}

/** A file in the tenant's database, as workflow code sees it. */
export const DocumentRef = z.object({
  document_ref: z.string(),
  source: z.string(),
  filename: z.string(),
  content_type: z.string(),
  size_bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type DocumentRef = z.infer<typeof DocumentRef>;

/** The argument of the update `ntro_submit`, and (without `gate`) of the published signal `document_submitted`. */
export const SubmitUpdate = DocumentRef.extend({
  gate: z.string(),
  tenant_slug: z.string(),
  entity_slug: z.string(),
  actedBy: Actor,
  at: z.string(),
});
export type SubmitUpdate = z.infer<typeof SubmitUpdate>;

/** The argument of the update `ntro_row_action`, while a review is open. */
export const RowActionUpdate = z.object({
  gate: z.string(),
  action: z.enum(["edit_cell", "reject_row", "restore_row"]),
  /** Which ledger the row is of, where a runbook shows several. */
  ledger: z.string().optional(),
  row_id: z.string(),
  field: z.string().optional(),
  value: z.unknown().optional(),
  old_value: z.unknown().optional(),
  actedBy: Actor,
  at: z.string(),
});
export type RowActionUpdate = z.infer<typeof RowActionUpdate>;

/** Rows that were submitted as data: one for each row, as the published signal `data_submitted` has it. */
export const SubmittedRecord = z.object({
  /** Of its row in `ingest.submitted_records`. */
  event_id: z.string(),
  kind: z.string().nullable(),
  tenant_slug: z.string(),
  entity_slug: z.string(),
  source_ref: z.record(z.string(), z.unknown()).nullable(),
  data: z.record(z.string(), z.unknown()),
  /** ISO 8601 UTC. */
  received_at: z.string(),
});
export type SubmittedRecord = z.infer<typeof SubmittedRecord>;

/** The argument of the update `ntro_ingest`. It names no gate: a runbook takes rows whenever it has a handler for them, and refuses them with `DATA_NOT_TAKEN` where it has none. */
export const IngestUpdate = z.object({ records: z.array(SubmittedRecord).min(1), actedBy: Actor, at: z.string() });
export type IngestUpdate = z.infer<typeof IngestUpdate>;

/**
 * The argument of the signal `ntro_repaired`: from here on the execution runs the code of `type`. It stands in the history, so every host that replays it knows.
 */
export const RepairedSignal = z.object({
  /** Counts the repairs of this execution from 1; the highest is in force. */
  number: z.number().int().positive(),
  type: z.string(),
  /** What changes in the lock of its children; merged by workflow code, so that children started later are these. */
  lock: Lock,
});
export type RepairedSignal = z.infer<typeof RepairedSignal>;

/** A gate as task rows and events show it: no payload. */
export const GateSummary = z.object({
  token: z.string(),
  /** The workflow that opened it: the task, or one of its children. */
  workflow_id: z.string(),
  kind: GateKind,
  step_id: z.string(),
  component: z.string(),
  title: z.string(),
  opened_at: z.string(),
  due_at: z.string().optional(),
  /** Sources still to be submitted. */
  sources: z.array(z.string()).optional(),
});
export type GateSummary = z.infer<typeof GateSummary>;

export const TaskFailure = z.object({
  type: z.string(),
  message: z.string(),
  activityName: z.string().nullish(),
  stackTrace: z.string().nullish(),
});
export type TaskFailure = z.infer<typeof TaskFailure>;

const reported = { workflow_id: z.string(), run_id: z.string(), workflow_type: z.string(), at: z.string() };

/** What a host tells the server of one workflow: metadata only, never payloads. `seq` grows with every change of a run. */
export const StateReport = z.discriminatedUnion("kind", [
  z.object({
    ...reported,
    kind: z.literal("state"),
    seq: z.number().int(),
    steps: z.array(StepState),
    current_step: z.string().nullable(),
    gates: z.array(GateSummary),
    children: z.array(ChildState),
    /** Set by the last report of a run; the server confirms it with Temporal. */
    closing: z.enum(["completed", "failed"]).nullable(),
  }),
  z.object({ ...reported, kind: z.literal("code_failing"), failure: TaskFailure }),
  z.object({ ...reported, kind: z.literal("code_recovered") }),
]);
export type StateReport = z.infer<typeof StateReport>;
