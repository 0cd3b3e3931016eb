import { ERRORS, NtroError } from "@ntro/contract";

/** Milliseconds for which a nominal time that was not dispatched is still made up for by itself; after them it is missed. */
export const CATCH_UP_MS = 24 * 3_600_000;

/** A schedule: five fields of cron, and an IANA zone. */
export interface Spec {
  readonly schedule: string;
  readonly timezone: string;
}

/** A time during which a schedule fires nothing; `until` null: it goes on. */
export interface Pause {
  readonly since: Date;
  readonly until: Date | null;
  readonly by: string;
  readonly reason: string | null;
}

/** How a nominal time ended without a task of its own. */
export interface NoTask {
  readonly outcome: "skipped" | "missed" | "failed";
  /** Of a skipped one `overlap`, `paused` or `removed`, of a failed one the error's code, of a missed one null. */
  readonly cause: string | null;
  /** For people: a sentence. */
  readonly reason: string;
  /** The open task it gave way to. */
  readonly taskId: string | null;
}

/** What a firing does, as the rows say when it arrives. */
export type FiringPlan<Outcome> =
  /** It has an outcome already, which stays. */
  | { readonly kind: "settled"; readonly as: Outcome }
  /** An older ntro started its task, and kept no ledger yet. */
  | { readonly kind: "adopt"; readonly taskId: string }
  /** The workflow, or the schedule it fired by, is not there any more. */
  | { readonly kind: "gone"; readonly reason: string }
  | { readonly kind: "skip"; readonly record: NoTask }
  | { readonly kind: "start" };

/** Decides about one firing. Once decided it is decided: a pause that begins later, or a schedule that changes, alters nothing. */
export function planFiring<Outcome>(firing: {
  readonly nominalTime: Date;
  /** What the firing says it fired by; null when it does not say. */
  readonly firedBy: Spec | null;
  /** The workflow's own schedule; null when it has none, or was deleted. */
  readonly schedule: Spec | null;
  /** The outcome it has already. */
  readonly settled: Outcome | undefined;
  /** A task that was started for this very time. */
  readonly taskId: string | undefined;
  readonly pauses: readonly Pause[];
}): FiringPlan<Outcome> {
  const { firedBy, schedule, nominalTime } = firing;
  if (firing.settled !== undefined) return { kind: "settled", as: firing.settled };
  if (firing.taskId !== undefined) return { kind: "adopt", taskId: firing.taskId };
  if (schedule === null) return { kind: "gone", reason: "The workflow has no schedule any more." };
  if (firedBy !== null && !isSameSpec(firedBy, schedule))
    return { kind: "gone", reason: "The workflow has another schedule by now." };
  const pause = pauseAt(firing.pauses, nominalTime);
  return pause ? { kind: "skip", record: skippedByPause(pause) } : { kind: "start" };
}

/** Whether two schedules are one. */
export function isSameSpec(a: Spec, b: Spec): boolean {
  return a.schedule === b.schedule && a.timezone === b.timezone;
}

/** The pause that a nominal time falls into: one that began by then, and ended after it or goes on. */
export function pauseAt(pauses: readonly Pause[], time: Date): Pause | undefined {
  return pauses.find(({ since, until }) => since <= time && (until === null || time < until));
}

function skippedByPause({ by, reason }: Pause): NoTask {
  const why = reason === null ? "" : `: ${reason}`;
  return { outcome: "skipped", cause: "paused", reason: `The schedule was paused by ${by}${why}`, taskId: null };
}

/**
 * What to record of a time whose task could not be started, or undefined for what will pass (a database that is away, an error of ours): such a firing is
 * tried again.
 */
export function refusedStart(error: unknown): NoTask | undefined {
  if (!(error instanceof NtroError) || ERRORS[error.code].status >= 500) return undefined;
  if (error.code === "TASK_RUNNING")
    return { outcome: "skipped", cause: "overlap", reason: error.message, taskId: runningTask(error) };
  return { outcome: "failed", cause: error.code, reason: error.message, taskId: null };
}

function runningTask({ details }: NtroError): string | null {
  const [first] = details ?? [];
  return typeof first === "object" && first !== null && "taskId" in first && typeof first.taskId === "string"
    ? first.taskId
    : null;
}

/** What becomes of an expected time that nothing was dispatched for. */
export type Unfired =
  | { readonly time: Date; readonly kind: "fire" }
  | { readonly time: Date; readonly kind: "record"; readonly record: NoTask };

/**
 * What to do about expected times without an outcome, in their order: those of a pause are skipped, those older than {@link CATCH_UP_MS} missed, the others
 * fire again.
 * @param removedBy who takes the schedule away: then nothing fires any more
 */
export function planUnfired(facts: {
  readonly expected: readonly Date[];
  /** Milliseconds since 1970 of the times that have an outcome. */
  readonly settled: ReadonlySet<number>;
  readonly pauses: readonly Pause[];
  readonly now: Date;
  readonly removedBy?: string | undefined;
}): Unfired[] {
  const { pauses, now, removedBy } = facts;
  return facts.expected
    .filter((time) => !facts.settled.has(time.getTime()))
    .map((time) => {
      const pause = pauseAt(pauses, time);
      if (pause) return { time, kind: "record", record: skippedByPause(pause) };
      if (now.getTime() - time.getTime() > CATCH_UP_MS) return { time, kind: "record", record: MISSED };
      if (removedBy === undefined) return { time, kind: "fire" };
      const reason = `The schedule was taken off by ${removedBy} before it ran.`;
      return { time, kind: "record", record: { outcome: "skipped", cause: "removed", reason, taskId: null } };
    });
}

const MISSED: NoTask = {
  outcome: "missed",
  cause: null,
  reason: `Nothing dispatched it within ${CATCH_UP_MS / 3_600_000} hours, as when the platform is down.`,
  taskId: null,
};

/** The moment up to which every expected time has an outcome: all that was looked at, or shortly before the first that is to fire. */
export function settledUntil(unfired: readonly Unfired[], lookedUntil: Date): Date {
  const first = unfired.find(({ kind }) => kind === "fire");
  return first ? new Date(first.time.getTime() - 1) : lookedUntil;
}

/** The accounting period `YYYY-MM` a firing is for: the month of its nominal time in the schedule's zone, or the month before it. */
export function scheduledPeriod(nominal: Date, timezone: string, which: "previous" | "current"): string {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: timezone,
    year: "numeric",
    month: "numeric",
    calendar: "gregory",
  }).formatToParts(nominal);
  const part = (type: "year" | "month") => Number(parts.find((candidate) => candidate.type === type)?.value);
  const months = part("year") * 12 + (part("month") - 1) - (which === "previous" ? 1 : 0);
  return `${String(Math.floor(months / 12)).padStart(4, "0")}-${String((months % 12) + 1).padStart(2, "0")}`;
}
