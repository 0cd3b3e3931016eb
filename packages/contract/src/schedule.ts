import * as z from "zod";
import { Period, Slug } from "./names";
import { Cron, SchedulePause, TimeZone } from "./workflow";

/** How a nominal time of a schedule ended, or that it has not yet: `due`. */
export const LedgerOutcome = z.enum(["due", "ran", "skipped", "missed", "failed"]);
export type LedgerOutcome = z.infer<typeof LedgerOutcome>;

/** How a nominal time stood before somebody made up for it. */
export const EarlierOutcome = z.object({
  outcome: z.enum(["skipped", "missed", "failed"]),
  cause: z.string().nullable(),
  reason: z.string().nullable(),
  recordedAt: z.string(),
});
export type EarlierOutcome = z.infer<typeof EarlierOutcome>;

/** One nominal time of a schedule. */
export const LedgerEntry = z.object({
  workflowId: z.uuid(),
  nominalTime: z.string(),
  outcome: LedgerOutcome,
  /** Its task; of one skipped for overlap the task it gave way to. */
  taskId: z.uuid().nullable(),
  /** Of a skipped one `overlap`, `paused` or `removed`; of a failed one an error code. */
  cause: z.string().nullable(),
  reason: z.string().nullable(),
  /** The accounting period it is, or would be, for. */
  period: Period,
  /** Null while it is due. */
  recordedAt: z.string().nullable(),
  /** Who had it run by hand, and how it stood before (null: it was due). */
  madeUp: z.object({ by: z.string(), earlier: EarlierOutcome.nullable() }).nullable(),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

/** The schedule of a workflow. */
export const Schedule = z.object({
  workflowId: z.uuid(),
  runbookSlug: Slug,
  name: z.string().nullable(),
  tenantSlug: Slug,
  entitySlug: Slug,
  schedule: z.string(),
  timezone: z.string(),
  /** The pause that goes on; null: the schedule fires. */
  paused: SchedulePause.nullable(),
  /** The first nominal time without an outcome; null while that is being found out. */
  next: z.string().nullable(),
  /** What became of the last nominal time that has an outcome. */
  last: z
    .object({ nominalTime: z.string(), outcome: LedgerOutcome.exclude(["due"]), taskId: z.uuid().nullable() })
    .nullable(),
});
export type Schedule = z.infer<typeof Schedule>;

/** One schedule with its next fire times, its pauses (newest first, at most 20) and how many nominal times ended how. */
export const ScheduleDetail = Schedule.extend({
  /** Three, UTC; absent while Temporal is away. */
  nextRuns: z.array(z.string()).optional(),
  pauses: z.array(SchedulePause),
  outcomes: z.record(LedgerOutcome.exclude(["due"]), z.number().int()),
});
export type ScheduleDetail = z.infer<typeof ScheduleDetail>;

export const PauseSchedule = z.strictObject({ reason: z.string().trim().min(1).max(500).nullish() });
export type PauseSchedule = z.infer<typeof PauseSchedule>;

/** Without `for` a task is started now, for the period of now; with it, the task of that nominal time of the ledger. */
export const TriggerSchedule = z.strictObject({ for: z.iso.datetime({ offset: true }).nullish() });
export type TriggerSchedule = z.infer<typeof TriggerSchedule>;

/** Offsets from UTC as `+01:00`. */
const ClockChange = z.object({ before: z.string(), after: z.string() });

/** A line of a preview. Local times are `YYYY-MM-DDTHH:MM`. */
export const PreviewLine = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("fires"),
    /** UTC. */
    time: z.string(),
    local: z.string(),
    offset: z.string(),
    period: Period,
    /** Clocks were changed since the time before this one. */
    clockChange: ClockChange.nullable(),
    /** This local time occurs twice: which of them this is. */
    occurrence: z.enum(["first", "second"]).nullable(),
  }),
  /** Local times that the schedule names but that do not exist, as clocks jump over them: the first, the last, and how many. */
  z.object({
    kind: z.literal("jumped"),
    from: z.string(),
    until: z.string(),
    count: z.number().int().positive(),
    clockChange: ClockChange,
  }),
]);
export type PreviewLine = z.infer<typeof PreviewLine>;

/** When a schedule fires next, from Temporal. */
export const SchedulePreview = z.object({
  schedule: z.string(),
  timezone: z.string(),
  paused: SchedulePause.nullable(),
  lines: z.array(PreviewLine),
});
export type SchedulePreview = z.infer<typeof SchedulePreview>;

/** How many fire times a preview shows. */
export const PreviewCount = z.coerce.number().int().min(1).max(100).default(10);
/** A schedule that no workflow has (yet). */
export const PreviewQuery = z.object({ schedule: Cron, timezone: TimeZone.default("UTC"), count: PreviewCount });
