import { randomUUID } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestTemporal, type TestTemporal } from "../../../../test/support/temporal";
import type { Schedules } from "./engine";
import { TemporalEngine } from "./temporal";

let temporal: TestTemporal;
let engine: TemporalEngine;
let schedules: Schedules;

beforeAll(async () => {
  temporal = await startTestTemporal();
  engine = new TemporalEngine({ address: temporal.address, namespace: "default", log: pino({ level: "silent" }) });
  schedules = engine.schedules;
});
afterAll(async () => {
  await engine?.close();
  await temporal?.stop();
});

async function made(cron: string, timezone: string): Promise<string> {
  const id = randomUUID();
  await schedules.put({ id, cron, timezone, note: "test" });
  return id;
}

const texts = (times: readonly Date[] | null) => times?.map((time) => time.toISOString().slice(0, 16));
const after = (text: string) => ({ after: new Date(text) });

describe("a schedule", () => {
  it("is made, changed, told and removed", async () => {
    const id = await made("0 8 5 * *", "Europe/London");
    expect(await schedules.spec(id)).toEqual({ cron: "0 8 5 * *", timezone: "Europe/London" });
    expect(texts(await schedules.times(id, { ...after("2027-02-05T08:00:00Z"), count: 3 }))).toEqual([
      "2027-03-05T08:00",
      "2027-04-05T07:00",
      "2027-05-05T07:00",
    ]);
    await schedules.put({ id, cron: "30 9 * * MON", timezone: "UTC", note: "nav" });
    expect(await schedules.spec(id)).toEqual({ cron: "30 9 * * MON", timezone: "UTC" });
    expect(texts(await schedules.times(id, { ...after("2026-11-23T09:00:00Z"), count: 1 }))).toEqual([
      "2026-11-23T09:30",
    ]);
    await schedules.remove(id);
    await schedules.remove(id);
    expect(await schedules.spec(id)).toBeNull();
    await schedules.fireAgain(id, new Date("2026-11-23T09:30:00Z"));
  });

  it("that never was has no times", async () => {
    expect(await schedules.times(randomUUID(), { after: new Date(), count: 1 })).toBeNull();
  });

  it("means both where day of month and day of week are given", async () => {
    const times = await schedules.times(await made("0 8 1-7 * MON", "UTC"), { after: new Date(), count: 5 });
    expect(times).toHaveLength(5);
    for (const time of times ?? []) expect([time.getUTCDay(), time.getUTCDate() <= 7]).toEqual([1, true]);
  });

  it("tells past times, the end of the span with them and its start without", async () => {
    const id = await made("0 8 * * *", "UTC");
    const span = { ...after("2026-01-01T08:00:00Z"), until: new Date("2026-01-03T08:00:00Z"), count: 1_000 };
    expect(texts(await schedules.times(id, span))).toEqual(["2026-01-02T08:00", "2026-01-03T08:00"]);
    const [only] = [new Date("2026-01-02T08:00:00Z")];
    expect(await schedules.times(id, { after: only, until: only, count: 1 })).toEqual([]);
  });

  it("tells times that are years away", async () => {
    const times = await schedules.times(await made("0 0 29 2 MON", "UTC"), {
      ...after("2026-12-01T00:00:00Z"),
      count: 2,
    });
    expect(texts(times)).toEqual(["2044-02-29T00:00", "2072-02-29T00:00"]);
  });

  it("fires a past time again, once while that is under way", async () => {
    const id = await made("0 8 5 * *", "UTC");
    const time = new Date("2026-10-05T08:00:00Z");
    await schedules.fireAgain(id, time);
    await schedules.fireAgain(id, time);
    const connection = await Connection.connect({ address: temporal.address });
    const handle = new Client({ connection }).workflow.getHandle(`dispatch-${id}-2026-10-05T08:00:00Z`);
    await expect.poll(() => handle.describe().then(({ status }) => status.name)).toBe("RUNNING");
    const { searchAttributes, runId } = await handle.describe();
    expect(searchAttributes.TemporalScheduledStartTime).toEqual([time]);
    await schedules.fireAgain(id, time);
    expect((await handle.describe()).runId).toBe(runId);
    await connection.close();
  });

  it("that Temporal refuses is refused", async () => {
    const refused = { code: "SCHEDULE_INVALID" };
    const id = randomUUID();
    await expect(schedules.put({ id, cron: "99 8 5 * *", timezone: "UTC", note: "" })).rejects.toMatchObject(refused);
    await expect(schedules.put({ id, cron: "0 8 5 * *", timezone: "Mars/Base", note: "" })).rejects.toMatchObject(
      refused,
    );
    const preview = schedules.preview({ cron: "0 8 5 * *", timezone: "Mars/Base" }, { after: new Date(), count: 1 });
    await expect(preview).rejects.toMatchObject(refused);
  });
});

/** What the documentation says of clock changes; Temporal is free to change it, and then the page has to change. */
describe("clock changes", () => {
  it.each([
    ["30 1 * * *", "Europe/London", "2027-03-27T12:00:00Z", ["2027-03-29T00:30"]],
    ["30 1 * * *", "Europe/London", "2027-10-30T12:00:00Z", ["2027-10-31T01:30", "2027-11-01T01:30"]],
    ["30 1 * * *", "America/New_York", "2027-11-06T12:00:00Z", ["2027-11-07T05:30", "2027-11-07T06:30"]],
    ["30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z", ["2027-03-15T06:30"]],
    ["*/30 * * * *", "Europe/London", "2027-10-30T23:59:00Z", ["2027-10-31T00:00", "2027-10-31T01:30"]],
  ])("%s in %s from %s fires as documented", async (cron, timezone, from, expected) => {
    const times = await schedules.preview({ cron, timezone }, { ...after(from), count: expected.length });
    expect(texts(times)).toEqual(expected);
  });
});

describe("a preview", () => {
  it("leaves nothing in Temporal, however many ask for the same at once", async () => {
    const spec = { cron: "0 8 5 * *", timezone: "Europe/London" };
    const range = { ...after("2026-11-23T00:00:00Z"), count: 2 };
    const answers = await Promise.all([1, 2, 3].map(() => schedules.preview(spec, range)));
    for (const answer of answers) expect(texts(answer)).toEqual(["2026-12-05T08:00", "2027-01-05T08:00"]);
    const connection = await Connection.connect({ address: temporal.address });
    const client = new Client({ connection });
    const left = async () => {
      const ids: string[] = [];
      for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
      return ids.filter((id) => id.startsWith("ntro-preview-"));
    };
    await expect.poll(left).toEqual([]);
    // As a process leaves it that is killed in the middle.
    await client.schedule.create({
      scheduleId: "ntro-preview-left",
      spec: { cronExpressions: ["0 8 5 * *"] },
      action: { type: "startWorkflow", workflowType: "x", workflowId: "x", taskQueue: "x" },
      state: { paused: true, remainingActions: 0 },
    });
    await expect.poll(left).toEqual(["ntro-preview-left"]);
    await schedules.dropPreviews();
    await expect.poll(left).toEqual([]);
    await connection.close();
  });
});
