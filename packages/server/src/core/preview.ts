import type { PreviewLine } from "@ntro/contract";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Milliseconds between two looks for a clock change; no zone changes and changes back within it. */
const STEP = DAY;

/** Milliseconds that a zone is ahead of UTC at an instant. */
type Offset = (instant: number) => number;

/** A change of a zone's clocks. */
interface Transition {
  /** The first instant of the new offset. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/**
 * The lines of a preview: Temporal's fire times in the schedule's zone, with what the clocks do to them. Which of a local time that occurs twice fires, or
 * whether both do, is read from the times and never assumed: Temporal's rule differs from zone to zone.
 * @param from the moment the preview begins
 * @param times Temporal's, soonest first, all after `from`
 * @param names whether the schedule names a local time, given as if it were UTC
 * @param period the accounting period of a fire time
 */
export function previewLines(facts: {
  readonly timezone: string;
  readonly from: Date;
  readonly times: readonly Date[];
  readonly names: (local: Date) => boolean;
  readonly period: (time: Date) => string;
}): PreviewLine[] {
  const offset = offsetOf(facts.timezone);
  const last = facts.times.at(-1)?.getTime() ?? facts.from.getTime();
  const jumped = transitions(offset, facts.from.getTime(), last).flatMap((change) => {
    const line = jumpedLine(change, facts.names);
    return line ? [{ at: change.at, line }] : [];
  });
  let before = offset(facts.from.getTime());
  const fires = facts.times.map((time) => {
    const at = time.getTime();
    const now = offset(at);
    const clockChange = now === before ? null : { before: offsetText(before), after: offsetText(now) };
    before = now;
    const line: PreviewLine = {
      kind: "fires",
      time: time.toISOString(),
      local: localText(at + now),
      offset: offsetText(now),
      period: facts.period(time),
      clockChange,
      occurrence: occurrence(offset, at),
    };
    return { at, line };
  });
  return [...jumped, ...fires].sort((a, b) => a.at - b.at).map(({ line }) => line);
}

/** The local times that a schedule names and that clocks jump over; undefined when there are none. */
function jumpedLine({ at, before, after }: Transition, names: (local: Date) => boolean): PreviewLine | undefined {
  const named: number[] = [];
  for (let local = at + before; local < at + after; local += MINUTE) if (names(new Date(local))) named.push(local);
  const [first] = named;
  const last = named.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const clockChange = { before: offsetText(before), after: offsetText(after) };
  return { kind: "jumped", from: localText(first), until: localText(last), count: named.length, clockChange };
}

/** Which of two occurrences of its local time an instant is; null where that time occurs once. */
function occurrence(offset: Offset, at: number): "first" | "second" | null {
  const here = offset(at);
  for (const there of [offset(at - STEP), offset(at + STEP)]) {
    const twin = at + here - there;
    if (twin !== at && offset(twin) === there) return at < twin ? "first" : "second";
  }
  return null;
}

/** The clock changes of a zone after one instant and up to another. */
function transitions(offset: Offset, from: number, until: number): Transition[] {
  const found: Transition[] = [];
  for (let start = from; start < until; start += STEP) {
    const end = Math.min(start + STEP, until);
    const [before, after] = [offset(start), offset(end)];
    if (before !== after) found.push({ at: changeWithin(offset, start, end), before, after });
  }
  return found;
}

/** The instant, to the second, at which the offset becomes that of `end`. */
function changeWithin(offset: Offset, start: number, end: number): number {
  const after = offset(end);
  let [low, high] = [Math.floor(start / 1000), Math.ceil(end / 1000)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * 1000) === after) high = middle;
    else low = middle;
  }
  return high * 1000;
}

function offsetOf(timezone: string): Offset {
  const format = new Intl.DateTimeFormat("en", {
    timeZone: timezone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
  };
}

/** `YYYY-MM-DDTHH:MM` of a local time given as if it were UTC. */
function localText(local: number): string {
  return new Date(local).toISOString().slice(0, 16);
}

/** `+01:00`. */
function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
