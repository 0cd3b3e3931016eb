import * as z from "zod";
import { Lock } from "./names";
import { DisplayHint, DocumentRef, GateSummary, OpenGate, type StepState, TaskFailure } from "./protocol";
import { ExecutionCode } from "./repair";

/** Exactly these, as published clients refuse others. Waiting for a person is BLOCKED with gates; a cancelled task is FAILED with type `Cancelled`. */
export const TaskStatus = z.enum(["PENDING", "READY", "IN_PROGRESS", "BLOCKED", "COMPLETED", "FAILED"]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Failure types that the platform itself gives. */
export const FAILURE_TYPES = {
  cancelled: "Cancelled",
  codeFailing: "CodeFailing",
  rejected: "Rejected",
  lost: "Lost",
} as const;

export const TaskStep = z.object({
  name: z.string(),
  status: TaskStatus,
  progress: z.number().nullish(),
  id: z.string(),
  icon: z.string().nullish(),
});

const ExecutionEvent = z.object({
  eventId: z.number().int(),
  eventType: z.string(),
  timestamp: z.string(),
  activityName: z.string().nullish(),
  activityId: z.string().nullish(),
  failureMessage: z.string().nullish(),
});

/** One run of a workflow. `execution`, `executionEvents` and `result` only where one task is asked for. */
export const Task = z.object({
  id: z.uuid(),
  title: z.string(),
  status: TaskStatus,
  tenantId: z.uuid(),
  entityId: z.uuid().nullish(),
  workflowId: z.uuid(),
  dueDate: z.string().nullish(),
  priority: z.string().nullish(),
  steps: z.array(TaskStep),
  assignee: z.object({ id: z.string(), name: z.string().nullish() }).nullish(),
  context: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
  updatedAt: z.string(),
  links: z.object({ workflow_ui: z.string().nullish() }).nullish(),
  execution: z
    .object({
      temporalRunId: z.string(),
      taskQueue: z.string(),
      workflowType: z.string(),
      startedAt: z.string(),
      closedAt: z.string().nullish(),
      historyLength: z.number().int(),
    })
    .nullish(),
  failure: TaskFailure.nullish(),
  executionEvents: z.array(ExecutionEvent).default([]),
  /** The component of the first open gate; what a kanban card shows. */
  awaiting: z.string().nullish(),
  gates: z.array(GateSummary).default([]),
  tenantSlug: z.string(),
  entitySlug: z.string().nullish(),
  runbookSlug: z.string(),
  runbookVersion: z.string(),
  digest: z.string(),
  /** The code that the task and its children go on with; only where one task is asked for. */
  code: z.array(ExecutionCode).optional(),
  /** The revision that each child will be that it starts from now on; only where one task is asked for. */
  lock: Lock.optional(),
  /** What the runbook returned; read from the tenant's records. */
  result: z.unknown().optional(),
});
export type Task = z.infer<typeof Task>;

/** `workflowId` takes a workflow's id, its name or its runbook's slug; tenant and entity take id or slug. */
export const CreateTask = z.strictObject({
  tenantId: z.string(),
  entityId: z.string().nullish(),
  workflowId: z.string(),
  context: z.record(z.string(), z.unknown()).default({}),
});
export type CreateTask = z.input<typeof CreateTask>;

const leaf = {
  /** The workflow that waits: the task itself or a child of it. */
  task_id: z.string(),
  root_task_id: z.string(),
  step_id: z.string().nullable(),
  reason: z.string().nullable(),
  display_hint: DisplayHint.nullable(),
};

/** What to do next about a task; agents loop until `done` or `error_terminal`. `gates` lists every open gate of the task and its children. */
export const NextStep = z.discriminatedUnion("action", [
  z.object({ action: z.literal("wait"), ...leaf, retry_after_s: z.number() }),
  z.object({
    action: z.literal("submit_file"),
    ...leaf,
    gate: z.string(),
    tool: z.string(),
    args: z.record(z.string(), z.unknown()),
    expected: z.array(z.unknown()).optional(),
    gates: z.array(OpenGate),
  }),
  z.object({
    action: z.literal("review"),
    ...leaf,
    gate: z.string(),
    tools: z.array(z.string()),
    payload: z.unknown(),
    checks: z.unknown().optional(),
    feedback: z.unknown().optional(),
    gates: z.array(OpenGate),
  }),
  z.object({ action: z.literal("done"), ...leaf, result: z.unknown() }),
  z.object({ action: z.literal("error_terminal"), ...leaf, failure: TaskFailure }),
  z.object({ action: z.literal("unknown"), ...leaf }),
]);
export type NextStep = z.infer<typeof NextStep>;

export const LogEntry = z.object({
  id: z.string(),
  type: z.string(),
  payload: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
});
export type LogEntry = z.infer<typeof LogEntry>;

/** A correction as people type it: line (row id or 1-based number), field, value (JSON; the server fits strings to the column's type). */
export const CorrectionInput = z.strictObject({ line: z.string(), field: z.string(), value: z.unknown() });
export type CorrectionInput = z.infer<typeof CorrectionInput>;

/** Without `gate` the only open review is answered; with several open the server asks which. `shown` is the digest of the data the person saw. */
export const DecideTask = z.strictObject({
  reason: z.string().max(10_000).nullish(),
  gate: z.string().nullish(),
  corrections: z.array(CorrectionInput).max(10_000).optional(),
});
export type DecideTask = z.infer<typeof DecideTask>;

export const RowAction = z.strictObject({
  gate: z.string().nullish(),
  /** Which ledger the row is of, where a runbook shows several. */
  ledger: z.string().max(200).nullish(),
  action: z.enum(["edit_cell", "reject_row", "restore_row"]),
  rowId: z.string(),
  field: z.string().optional(),
  value: z.unknown().optional(),
});
export type RowAction = z.infer<typeof RowAction>;

const Row = z.record(z.string(), z.unknown());

/** Rows that are submitted as data instead of in a file: one, or up to 1,000. */
export const IngestData = z.strictObject({
  /** What they are, as the runbook calls it; such as `expense`. */
  kind: z.string().min(1).max(200).nullish(),
  data: z.union([Row, z.array(Row).min(1).max(1000)]),
  /** Where they come from, for whoever looks for it later. */
  source_ref: z.record(z.string(), z.unknown()).nullish(),
});
export type IngestData = z.infer<typeof IngestData>;

/** Ids of the rows in `ingest.submitted_records`, in the order given. */
export const IngestAnswer = z.object({ event_ids: z.array(z.string()) });
export type IngestAnswer = z.infer<typeof IngestAnswer>;

export const SubmitFileAnswer = z.object({ document: DocumentRef, gate: z.string(), task: Task });
export type SubmitFileAnswer = z.infer<typeof SubmitFileAnswer>;

export const CancelTask = z.strictObject({ reason: z.string().max(10_000).nullish() });

/** How a step of the protocol reads on the HTTP task. */
export function taskStep(step: StepState): z.infer<typeof TaskStep> {
  const status = { pending: "PENDING", active: "IN_PROGRESS", completed: "COMPLETED", failed: "FAILED" } as const;
  return { id: step.id, name: step.title, status: status[step.status], icon: step.icon ?? null };
}

/** Whether a task has ended. */
export function isClosed(status: TaskStatus): boolean {
  return status === "COMPLETED" || status === "FAILED";
}
