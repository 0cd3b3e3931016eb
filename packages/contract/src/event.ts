import * as z from "zod";

/** What the stream tells. Data is metadata only, never a payload. */
export const EventType = z.enum([
  "tenant.changed",
  "deployment.progress",
  "deployment.ready",
  "deployment.failed",
  "workflow.changed",
  "workflow.skipped",
  "schedule.paused",
  "schedule.resumed",
  "schedule.missed",
  "schedule.failed",
  "backfill.started",
  "backfill.period",
  "backfill.cancelled",
  "backfill.ended",
  "runbook.promoted",
  "runbook.pruned",
  "task.created",
  "task.started",
  "task.step_started",
  "task.step_completed",
  "task.step_failed",
  "task.gate_opened",
  "task.gate_closed",
  "task.file_submitted",
  "task.decided",
  "task.row_changed",
  "task.data_submitted",
  "task.code_failing",
  "task.code_recovered",
  "task.repaired",
  "task.completed",
  "task.failed",
]);
export type EventType = z.infer<typeof EventType>;

/** One event of the stream; `id` orders all of them and resumes a stream (`Last-Event-ID`). */
export const StreamEvent = z.object({
  id: z.string(),
  type: EventType,
  at: z.string(),
  tenantId: z.string().nullable(),
  taskId: z.string().nullable(),
  deploymentId: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
});
export type StreamEvent = z.infer<typeof StreamEvent>;
