export type DispatchPlan =
  | { readonly kind: "start"; readonly period: string }
  /** This firing was dispatched before: its task is the answer. */
  | { readonly kind: "already"; readonly taskId: string };

/** What a firing of a schedule does: the same firing twice is one task. Whether an open task keeps it from starting is decided where every task starts. */
export function planDispatch(firing: {
  readonly nominalTime: Date;
  readonly timezone: string;
  readonly period: "previous" | "current";
  /** The task of this very firing. */
  readonly same: { readonly id: string } | undefined;
}): DispatchPlan {
  if (firing.same) return { kind: "already", taskId: firing.same.id };
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
