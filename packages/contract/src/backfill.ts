import * as z from "zod";
import { Period, Slug } from "./names";
import { TaskStatus } from "./task";

/** Starts one task of a workflow for each period of a range, the oldest first. */
export const CreateBackfill = z.strictObject({
  tenantId: z.string(),
  entityId: z.string().nullish(),
  /** Id, name or runbook slug. */
  workflowId: z.string(),
  from: Period,
  /** Itself included. */
  to: Period,
  /** How many of its tasks may be open at once. */
  maxParallel: z.number().int().min(1).max(20).default(1),
  /** Also periods that a completed task ran for. Never those whose task is open. */
  again: z.boolean().default(false),
  /** Start parameters of every task, beside the period. */
  context: z.record(z.string(), z.unknown()).default({}),
});
export type CreateBackfill = z.input<typeof CreateBackfill>;

/**
 * What became of a period. `waiting`: its turn has not come, or an open task of another period keeps it from starting. `running`: an open task that is not of this
 * backfill was there already. `refused`: it could not be started, see code and message. `cancelled`: the backfill was cancelled first.
 */
export const PeriodOutcome = z.enum(["waiting", "started", "already-ran", "running", "refused", "cancelled"]);
export type PeriodOutcome = z.infer<typeof PeriodOutcome>;

const task = z.object({ id: z.uuid(), status: TaskStatus });

export const BackfillPeriod = z.object({
  period: Period,
  outcome: PeriodOutcome,
  /** Its task; of a period that already ran or is running the one that was found; of a waiting one the task it waits for. */
  task: task.nullable(),
  /** The period's last task before this one, which failed, or had completed and is done again. */
  previous: task.nullable(),
  /** Why it was refused. */
  code: z.string().nullable(),
  message: z.string().nullable(),
  /** When it came to its outcome. */
  at: z.string().nullable(),
});
export type BackfillPeriod = z.infer<typeof BackfillPeriod>;

/** `running` until every period has its outcome and every task it started has ended. */
export const BackfillStatus = z.enum(["running", "ended", "cancelled"]);
export type BackfillStatus = z.infer<typeof BackfillStatus>;

export const Backfill = z.object({
  id: z.uuid(),
  tenantSlug: Slug,
  entitySlug: Slug,
  workflowId: z.uuid(),
  workflowName: z.string().nullable(),
  runbookSlug: Slug,
  status: BackfillStatus,
  maxParallel: z.number().int(),
  again: z.boolean(),
  createdBy: z.string(),
  createdAt: z.string(),
  cancelledBy: z.string().nullable(),
  endedAt: z.string().nullable(),
  /** Oldest first. */
  periods: z.array(BackfillPeriod),
});
export type Backfill = z.infer<typeof Backfill>;

/** What a backfill would do now; nothing is recorded. */
export const BackfillPlan = z.object({
  /** As it would be: a runbook that says one task at a time is run one at a time. */
  maxParallel: z.number().int(),
  periods: z.array(
    z.object({
      period: Period,
      plan: z.enum(["start", "already-ran", "running"]),
      /** The task that ran or runs. */
      task: task.nullable(),
      previous: task.nullable(),
    }),
  ),
});
export type BackfillPlan = z.infer<typeof BackfillPlan>;

/** What the control workflow of a backfill does next. */
export const BackfillStep = z.discriminatedUnion("next", [
  /** The period's task has started: wait for its end, then take the next period. */
  z.object({ next: z.literal("wait"), taskId: z.uuid() }),
  /** An open task of another period is in the way: wait for its end, then try this period again. */
  z.object({ next: z.literal("try-again"), taskId: z.uuid() }),
  /** Take the next period. */
  z.object({ next: z.literal("go-on") }),
  /** The backfill is over. */
  z.object({ next: z.literal("stop") }),
]);
export type BackfillStep = z.infer<typeof BackfillStep>;
