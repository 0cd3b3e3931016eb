/** A moment at which a zone's offset from UTC changes. Instants in seconds since 1970, offsets in seconds east of Greenwich. */
export interface ClockChange {
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

const WEEK = 7 * 86_400;
const HOUR = 3_600;
const DAY = 86_400;

/**
 * The clock of a zone over some years, as `Intl` knows it. Local times are counted in seconds as if they were UTC: 86,400 is 2 January 1970, 00:00 local.
 */
export class ZoneClock {
  readonly changes: readonly ClockChange[];
  readonly #first: number;

  /** @param from in seconds since 1970, as is `to` */
  constructor(
    readonly zone: string,
    from: number,
    to: number,
  ) {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    const offsetAt = (second: number) => readOffset(format.format(second * 1000));
    this.#first = offsetAt(from);
    const changes: ClockChange[] = [];
    let before = this.#first;
    for (let week = from; week < to; week += WEEK) {
      const after = offsetAt(week + WEEK);
      if (after === before) continue;
      let [low, high] = [week, week + WEEK];
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (offsetAt(middle) === before) low = middle;
        else high = middle;
      }
      changes.push({ at: high, before, after });
      before = after;
    }
    this.changes = changes;
  }

  offset(instant: number): number {
    return this.changes.findLast(({ at }) => at <= instant)?.after ?? this.#first;
  }

  local(instant: number): number {
    return instant + this.offset(instant);
  }

  /** The instants at which the clock shows a local time: none where it is skipped, two where it is repeated. */
  instants(local: number): number[] {
    const offsets = new Set([this.#first, ...this.changes.map(({ after }) => after)]);
    return [...offsets]
      .map((offset) => local - offset)
      .filter((instant) => this.local(instant) === local)
      .sort((a, b) => a - b);
  }

  /**
   * When Temporal fires at one time of day on a day, as docs/schedules.md says it.
   * @param midnight the day's, local
   * @param time seconds of the day
   */
  fires(midnight: number, time: number): number[] {
    const found = this.instants(midnight + time);
    const [only, second] = found;
    if (only === undefined) return [];
    if (second !== undefined) return this.offset(second) >= 0 ? [second] : found;
    const hour = this.instants(midnight + (Math.floor(time / HOUR) + 1) * HOUR);
    const isBeforeRepeated = hour.length === 2 && this.offset(hour[1] ?? 0) >= 0;
    return isBeforeRepeated ? [only, only + HOUR] : [only];
  }

  /** When Temporal fires at a minute of every hour from one instant to another, both included. */
  firesHourly(minute: number, from: number, to: number): number[] {
    const quarters = Array.from({ length: Math.floor((to - from) / 900) + 1 }, (_, index) => from + index * 900);
    return quarters.filter((instant) => {
      const local = this.local(instant);
      if (local % HOUR !== minute * 60) return false;
      const isSecond = this.instants(local)[1] === instant;
      return !isSecond || this.offset(instant) < 0;
    });
  }

  /** The times of day, in seconds, that are skipped or repeated at some change, and those half an hour before. */
  delicateTimes(): number[] {
    const times = this.changes.flatMap(({ at, before, after }) => {
      const start = at + Math.min(before, after);
      return [start + HOUR / 2, start - HOUR / 2];
    });
    return [...new Set(times.map((time) => ((time % DAY) + DAY) % DAY))].sort((a, b) => a - b);
  }
}

function readOffset(text: string): number {
  const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
  const size = Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return sign === "-" ? -size : size;
}
