import { Client, Connection } from "@temporalio/client";
import { optionalDateToTs, tsToDate } from "@temporalio/common/lib/time.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestTemporal, type TestTemporal } from "../../../../test/support/temporal";
import { ZoneClock } from "../../../../test/support/zone-clock";
import { scheduledPeriod } from "../core/dispatch";

const DAY = 86_400;
/** Five years, and a day's room at their ends for the offsets of the zones. */
const FROM = Date.UTC(2027, 0, 1) / 1000;
const TO = Date.UTC(2032, 0, 1) / 1000;
/** Temporal gives a thousand fire times at once. */
const PART = 900 * DAY;
/** How many zones are asked for at a time. */
const LANES = 8;
/** Milliseconds; hundreds of schedules are made. */
const PATIENCE = 600_000;

/** Their changes are of half an hour and of two hours; what Temporal does there is written down below, time by time. */
const ODD = new Set(["Australia/Lord_Howe", "Antarctica/Troll"]);
const clocks = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])].map(
  (zone) => new ZoneClock(zone, FROM - 2 * DAY, TO + 2 * DAY),
);

/**
 * Zones whose clocks change. Every zone is asked for by the month; these hour by hour, one for each way of changing, or with NTRO_EVERY_ZONE all of them (which takes minutes).
 */
const changing = oneOfEach(clocks.filter(({ zone, changes }) => changes.length > 0 && !ODD.has(zone)));

function oneOfEach(zones: readonly ZoneClock[]): readonly ZoneClock[] {
  if (process.env.NTRO_EVERY_ZONE) return zones;
  return [...new Map(zones.map((clock) => [JSON.stringify(clock.changes), clock])).values()];
}

let temporal: TestTemporal;
let connection: Connection;
let schedules = 0;

beforeAll(async () => {
  temporal = await startTestTemporal();
  connection = await Connection.connect({ address: temporal.address });
});
afterAll(async () => {
  await connection?.close();
  await temporal?.stop();
});

/** What Temporal itself says when a schedule fires within windows, in seconds since 1970. */
async function firesOf(zone: string, cron: string, windows: readonly (readonly [number, number])[]): Promise<number[]> {
  const client = new Client({ connection });
  const scheduleId = `clock-${++schedules}`;
  await client.schedule.create({
    scheduleId,
    spec: { cronExpressions: [cron], timezone: zone },
    state: { paused: true },
    action: { type: "startWorkflow", workflowType: "none", taskQueue: "none", args: [] },
  });
  const fires: number[] = [];
  for (const [from, to] of windows) {
    // The start is left out, the end is not.
    const { startTime } = await connection.workflowService.listScheduleMatchingTimes({
      namespace: "default",
      scheduleId,
      startTime: optionalDateToTs(new Date((from - 1) * 1000)),
      endTime: optionalDateToTs(new Date(to * 1000)),
    });
    fires.push(...startTime.map((time) => tsToDate(time).getTime() / 1000));
  }
  return fires;
}

function cronOf(time: number, days = "*"): string {
  return `${(time / 60) % 60} ${Math.floor(time / 3600)} ${days} * *`;
}

/** Every local midnight from one instant to another, and one more at each end. */
function midnights(from: number, to: number): number[] {
  const first = Math.floor(from / DAY) - 1;
  return Array.from({ length: Math.ceil((to - from) / DAY) + 3 }, (_, index) => (first + index) * DAY);
}

const within = (from: number, to: number) => (instant: number) => instant >= from && instant <= to;
const readable = (seconds: readonly number[]) => seconds.map((second) => new Date(second * 1000).toISOString());

/** Checks zone after zone, several at a time. */
async function forEachZone(zones: readonly ZoneClock[], check: (clock: ZoneClock) => Promise<void>): Promise<void> {
  const left = [...zones];
  const lane = async () => {
    for (let clock = left.shift(); clock; clock = left.shift()) await check(clock);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

describe("over every zone and five years", { timeout: PATIENCE }, () => {
  it("a monthly schedule fires at its local time on its day, and its period is the month before", async () => {
    const time = 8 * 3600;
    await forEachZone(clocks, async (clock) => {
      const expected = midnights(FROM, TO)
        .filter((midnight) => new Date(midnight * 1000).getUTCDate() === 5)
        .flatMap((midnight) => clock.fires(midnight, time))
        .filter(within(FROM, TO));
      const fires = await firesOf(clock.zone, cronOf(time, "5"), [[FROM, TO]]);
      expect(readable(fires), clock.zone).toEqual(readable(expected));
      for (const fire of fires) {
        const local = new Date(clock.local(fire) * 1000).toISOString();
        expect(local, clock.zone).toMatch(/-05T08:00:00/);
        const nominal = new Date(fire * 1000);
        expect(scheduledPeriod(nominal, clock.zone, "current"), clock.zone).toBe(local.slice(0, 7));
        const before = new Date(Date.UTC(Number(local.slice(0, 4)), Number(local.slice(5, 7)) - 2, 1));
        expect(scheduledPeriod(nominal, clock.zone, "previous"), clock.zone).toBe(before.toISOString().slice(0, 7));
      }
    });
  });

  it("a daily schedule at a time that is skipped or repeated fires as documented, and the periods of all its fires fit", async () => {
    expect(changing.length).toBeGreaterThan(20);
    await forEachZone(changing, async (clock) => {
      for (const time of clock.delicateTimes()) {
        const expected = midnights(FROM, TO)
          .flatMap((midnight) => clock.fires(midnight, time))
          .filter(within(FROM, TO));
        const windows = [0, 1, 2].map(
          (part) => [FROM + part * PART, Math.min(FROM + (part + 1) * PART - 1, TO)] as const,
        );
        const fires = await firesOf(
          clock.zone,
          cronOf(time),
          windows.filter(([from, to]) => from < to),
        );
        expect(readable(fires), `${clock.zone} ${cronOf(time)}`).toEqual(readable(expected));
        for (const { at } of clock.changes)
          for (const fire of fires.filter(within(at - DAY, at + DAY))) {
            const local = new Date(clock.local(fire) * 1000).toISOString();
            expect(scheduledPeriod(new Date(fire * 1000), clock.zone, "current"), clock.zone).toBe(local.slice(0, 7));
          }
      }
    });
  });

  it("an hourly schedule fires in every hour there is, and in a repeated hour as documented", async () => {
    await forEachZone(changing, async (clock) => {
      const windows = clock.changes
        .filter(({ at }) => at > FROM && at < TO)
        .map(({ at }) => [at - (at % 3600) - DAY / 2, at - (at % 3600) + DAY / 2] as const);
      const expected = windows.flatMap(([from, to]) => clock.firesHourly(15, from, to));
      const fires = await firesOf(clock.zone, "15 * * * *", windows);
      expect(readable(fires), clock.zone).toEqual(readable(expected));
    });
  });

  it("a month begins and ends with the local day, to the second", () => {
    for (const clock of clocks)
      for (let month = 1; month <= 12; month++) {
        const { zone } = clock;
        const [midnight] = clock.instants(Date.UTC(2027, month, 1) / 1000);
        if (midnight === undefined) continue;
        const next = new Date(Date.UTC(2027, month, 1)).toISOString().slice(0, 7);
        const last = new Date(Date.UTC(2027, month - 1, 1)).toISOString().slice(0, 7);
        expect(scheduledPeriod(new Date(midnight * 1000), zone, "current"), zone).toBe(next);
        expect(scheduledPeriod(new Date(midnight * 1000 - 1), zone, "current"), zone).toBe(last);
      }
  });
});

/** Local time of day of each fire within a day around a moment, with its offset. */
async function localFires(zone: string, cron: string, around: string): Promise<string[]> {
  const middle = Date.parse(around) / 1000;
  const clock = new ZoneClock(zone, FROM - 2 * DAY, TO + 2 * DAY);
  const fires = await firesOf(zone, cron, [[middle - 6 * 3600, middle + 6 * 3600]]);
  return fires.map(
    (fire) => `${new Date(clock.local(fire) * 1000).toISOString().slice(11, 16)} ${clock.offset(fire) / 3600}`,
  );
}

describe("zones whose clocks change by something else than an hour", { timeout: PATIENCE }, () => {
  it("by half an hour: a skipped time fires half an hour late", async () => {
    const forward = "2027-10-02T15:30:00Z";
    expect(await localFires("Australia/Lord_Howe", "15 2 * * *", forward)).toEqual(["02:45 11"]);
    expect(await localFires("Australia/Lord_Howe", "30 2 * * *", forward)).toEqual(["02:30 11"]);
    const back = "2027-04-03T15:00:00Z";
    expect(await localFires("Australia/Lord_Howe", "45 1 * * *", back)).toEqual(["01:45 10.5"]);
    expect(await localFires("Australia/Lord_Howe", "15 1 * * *", back)).toEqual(["01:15 11", "01:45 10.5"]);
    expect(await localFires("Australia/Lord_Howe", "15 2 * * *", back)).toEqual(["02:15 10.5"]);
  });

  it("by two hours", async () => {
    const forward = "2027-03-28T01:00:00Z";
    for (const hour of [1, 2]) expect(await localFires("Antarctica/Troll", `30 ${hour} * * *`, forward)).toEqual([]);
    expect(await localFires("Antarctica/Troll", "30 3 * * *", forward)).toEqual(["03:30 2"]);
    const back = "2027-10-31T01:00:00Z";
    expect(await localFires("Antarctica/Troll", "30 0 * * *", back)).toEqual(["00:30 2", "01:30 2"]);
    for (const hour of [1, 2])
      expect(await localFires("Antarctica/Troll", `30 ${hour} * * *`, back)).toEqual([`0${hour}:30 0`]);
  });
});
