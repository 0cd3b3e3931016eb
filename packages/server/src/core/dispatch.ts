/** The task that a schedule started last, as far as it matters to the next firing. */
export interface LastScheduledTask {
  readonly id: string;
  readonly title: string;
  readonly open: boolean;
  /** The firing it was started for. */
  readonly nominalTime: Date;
}

export type DispatchPlan =
  | { readonly kind: "start"; readonly period: string }
  /** This firing was dispatched before: its task is the answer. */
  | { readonly kind: "already"; readonly taskId: string }
  | { readonly kind: "skip"; readonly reason: string };

/**
 * What a firing of a schedule does. The same firing twice is one task; a firing while the last scheduled task is still open is skipped (and recorded),
 * so that work never piles up.
 */
export function planDispatch(firing: {
  readonly nominalTime: Date;
  readonly timezone: string;
  readonly period: "previous" | "current";
  readonly last: LastScheduledTask | undefined;
  /** The task of this very firing. */
  readonly same: { readonly id: string } | undefined;
}): DispatchPlan {
  if (firing.same) return { kind: "already", taskId: firing.same.id };
  if (firing.last?.open)
    return {
      kind: "skip",
      reason: `The task of ${firing.last.nominalTime.toISOString()} (${firing.last.title}, ${firing.last.id}) is still open.`,
    };
  return { kind: "start", period: scheduledPeriod(firing.nominalTime, firing.timezone, firing.period) };
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
