import type { LedgerEntry, PreviewLine, Schedule, ScheduleDetail, SchedulePause } from "@ntro/contract";
import { inZone } from "./times";

/** The schedule of a line: fields and zone. */
export function scheduleText({ schedule, timezone }: Pick<Schedule, "schedule" | "timezone">): string {
  return `${schedule} (${timezone})`;
}

/** "paused by Ann since …: why"; undefined when it fires. */
export function pausedText({ paused, timezone }: Pick<Schedule, "paused" | "timezone">): string | undefined {
  if (paused === null) return undefined;
  const why = paused.reason === null ? "" : `: ${paused.reason}`;
  return `paused by ${paused.by} since ${inZone(paused.since, timezone)}${why}`;
}

/** When it fires next; nothing while it is paused. */
export function nextText({ next, timezone, paused }: Schedule): string {
  return next === null || paused !== null ? "" : inZone(next, timezone);
}

/** What became of the last time: "ran Thu 5 Nov 2026, 08:00 GMT". */
export function lastText({ last, timezone }: Schedule): string {
  return last === null ? "" : `${last.outcome} ${inZone(last.nominalTime, timezone)}`;
}

/** A schedule as its panel shows it. */
export function scheduleFields(schedule: ScheduleDetail): (readonly [string, unknown])[] {
  const { timezone: zone, outcomes } = schedule;
  const counted = (["ran", "skipped", "missed", "failed"] as const)
    .filter((outcome) => (outcomes[outcome] ?? 0) > 0)
    .map((outcome) => `${outcomes[outcome]} ${outcome}`);
  return [
    ["workflow", schedule.name ?? schedule.runbookSlug],
    ["id", schedule.workflowId],
    ["tenant", schedule.tenantSlug],
    ["entity", schedule.entitySlug],
    ["schedule", scheduleText(schedule)],
    ["state", pausedText(schedule) ?? "active"],
    ["next", (schedule.nextRuns ?? []).map((time) => inZone(time, zone)).join("\n")],
    ["last", lastText(schedule)],
    ["ledger", counted.join(", ")],
    [
      "pauses",
      schedule.pauses
        .filter(({ until }) => until !== null)
        .map((pause) => pastPause(pause, zone))
        .join("\n"),
    ],
  ];
}

function pastPause({ since, until, by, reason }: SchedulePause, zone: string): string {
  const why = reason === null ? "" : `, ${reason}`;
  return `${inZone(since, zone)} to ${inZone(until ?? "", zone)} (${by}${why})`;
}

/** Why a nominal time has the outcome it has, and who made up for it. */
export function remark({ reason, madeUp }: LedgerEntry): string {
  if (madeUp === null) return reason ?? "";
  const earlier = madeUp.earlier === null ? "" : `; was ${madeUp.earlier.outcome}: ${madeUp.earlier.reason ?? ""}`;
  return `run by ${madeUp.by}${earlier}`;
}

/** What is to be known of a line of a preview besides its times. */
export function previewNote(line: PreviewLine): string {
  const change = line.clockChange && `clocks change ${line.clockChange.before} to ${line.clockChange.after}`;
  if (line.kind === "jumped") {
    const which = line.count === 1 ? "does not exist" : `and ${line.count - 1} more do not exist`;
    return `skipped: ${which}, ${change ?? ""}`;
  }
  const occurrence = line.occurrence === null ? null : `this time occurs twice: the ${line.occurrence}`;
  return [change && `${change} before this`, occurrence].filter(Boolean).join("; ");
}

/** `Thu 5 Nov 2026, 08:00` of a local time `2026-11-05T08:00`. */
export function localTime(local: string): string {
  return inZone(`${local}:00Z`, "UTC").replace(/ UTC$/, "");
}
