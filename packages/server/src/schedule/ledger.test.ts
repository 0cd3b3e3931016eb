import type { DispatchAnswer, LedgerEntry, LedgerOutcome, StreamEvent, Workflow } from "@ntro/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ScriptedPlatform } from "../../../../test/support/scripted-platform";
import { startTestServer, type TestServer } from "../../../../test/support/server";
import { TemporalEngine } from "../engine/temporal";
import { settleSchedules } from "./settle";

const HOUR = 3_600_000;
const REVIEW = [{ do: "review", title: "R" }] as const;

let platform: ScriptedPlatform;
/** Another server process on the same data. */
let other: TestServer;
let entityId: string;
let count = 0;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  const { settings, keys } = platform.server;
  other = await startTestServer(platform.postgres.url, {
    settings: { secret: settings.secret, temporal: settings.temporal },
    keys,
    engine: async (given, log) => new TemporalEngine({ ...given.temporal, log }),
  });
});
afterAll(async () => {
  await other?.close();
  await platform?.stop();
});
beforeEach(async () => {
  entityId = await platform.newEntity(`fund-${++count}`);
});

const services = () => platform.server.services;

async function scheduled(body: object = {}): Promise<Workflow> {
  const put = {
    runbookSlug: "nav",
    entityId,
    schedule: "0 * * * *",
    timezone: "UTC",
    defaultConfig: { script: REVIEW },
    ...body,
  };
  return (await platform.client.call("workflows.put", { body: put })).workflow;
}

function dispatch(workflow: Workflow, time: Date, server = platform.server, by: object = {}): Promise<DispatchAnswer> {
  const body = { workflowId: workflow.id, nominalTime: time.toISOString(), ...by };
  return server.client(server.keys.worker).call("worker.dispatch", { body });
}

function ledger(workflow: Workflow, outcome?: LedgerOutcome): Promise<LedgerEntry[]> {
  const query = outcome === undefined ? {} : { outcome };
  return platform.client.call("schedules.ledger", { params: { id: workflow.id }, query });
}

async function told(type: StreamEvent["type"], workflow: Workflow): Promise<Record<string, unknown>[]> {
  const rows = await services().db.selectFrom("events").select("data").where("type", "=", type).execute();
  return rows.map(({ data }) => data).filter((data) => data.workflowId === workflow.id);
}

/** The whole hour so many hours before the present one. */
const hoursAgo = (hours: number) => new Date((Math.floor(Date.now() / HOUR) - hours) * HOUR);
/** The same for a schedule that fires every four hours. */
const EVERY_FOUR = "0 */4 * * *";
const slotsAgo = (slots: number) => new Date((Math.floor(Date.now() / (4 * HOUR)) - slots) * 4 * HOUR);

/** As if nothing had run since: the schedule's last outcome is from before that. */
async function downSince(workflow: Workflow, since: Date): Promise<void> {
  await services()
    .db.updateTable("workflows")
    .set({ schedule_settled_until: new Date(since.getTime() - 1), schedule_expected_at: since })
    .where("id", "=", workflow.id)
    .execute();
}

async function marks(workflow: Workflow) {
  return services()
    .db.selectFrom("workflows")
    .select(["schedule_settled_until as settled", "schedule_expected_at as expected"])
    .where("id", "=", workflow.id)
    .executeTakeFirstOrThrow();
}

const tasksOf = (workflow: Workflow) =>
  platform.client.call("schedule.list", { query: { workflowId: workflow.id, limit: 500 } });

/** Whether Temporal was told to fire a time again; no worker of the platform takes it here. */
async function firedAgain(workflow: Workflow, time: Date): Promise<boolean> {
  const id = `dispatch-${workflow.id}-${time.toISOString().replace(".000", "")}`;
  return (await services().engine.describe(id)).status === "running";
}

describe("a nominal time", () => {
  it("is one task and one outcome, however often and by whichever server it is dispatched at the same time", async () => {
    const workflow = await scheduled();
    const time = hoursAgo(1);
    const servers = [platform.server, other, platform.server, other];
    const answers = await Promise.all(servers.map((server) => dispatch(workflow, time, server)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    const [task, ...more] = await tasksOf(workflow);
    expect(more).toEqual([]);
    expect(await ledger(workflow)).toMatchObject([
      { nominalTime: time.toISOString(), outcome: "ran", taskId: task?.id, reason: null, madeUp: null },
    ]);
    expect(await dispatch(workflow, time)).toEqual(answers[0]);
  });

  it("has no task where its outcome could not be recorded", async () => {
    const workflow = await scheduled();
    const { db } = services();
    await sql`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'killed here'; end $$`.execute(
      db,
    );
    await sql`create trigger refuse before insert on schedule_runs for each row execute function refuse()`.execute(db);
    await expect(dispatch(workflow, hoursAgo(1))).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await tasksOf(workflow)).toEqual([]);
    await sql`drop function refuse cascade`.execute(db);
    expect((await dispatch(workflow, hoursAgo(1))).outcome).toBe("started");
    expect(await ledger(workflow)).toHaveLength(1);
  });

  it("of which an older ntro started the task takes that task over", async () => {
    const workflow = await scheduled();
    const first = await dispatch(workflow, hoursAgo(1));
    await services().db.deleteFrom("schedule_runs").where("workflow_id", "=", workflow.id).execute();
    expect(await dispatch(workflow, hoursAgo(1))).toEqual(first);
    expect(await ledger(workflow)).toMatchObject([{ outcome: "ran" }]);
  });

  it("while a task of its period is open is skipped, and names that task", async () => {
    const workflow = await scheduled({ schedule: "0 8 5 * *" });
    const first = await dispatch(workflow, new Date("2026-04-05T08:00:00Z"));
    const second = await dispatch(workflow, new Date("2026-04-06T08:00:00Z"));
    expect([first.outcome, second.outcome]).toEqual(["started", "skipped"]);
    const [skipped] = await ledger(workflow, "skipped");
    expect(skipped).toMatchObject({
      cause: "overlap",
      taskId: first.outcome === "started" ? first.taskId : "",
      period: "2026-03",
    });
    expect(await told("workflow.skipped", workflow)).toMatchObject([{ cause: "overlap" }]);
  });

  it("whose task cannot start has failed, is told, and runs when somebody makes up for it", async () => {
    await platform.deploy(`1.0.${count}`, "strict", {
      inputSchema: {
        type: "object",
        properties: { must: { type: "string" } },
        required: ["must"],
        additionalProperties: {},
      },
    });
    const workflow = await scheduled({ runbookSlug: "strict", defaultConfig: null });
    const time = hoursAgo(2);
    expect(await dispatch(workflow, time)).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("must"),
    });
    expect(await dispatch(workflow, time)).toMatchObject({ outcome: "failed" });
    expect(await told("schedule.failed", workflow)).toMatchObject([{ cause: "INPUT_INVALID" }]);
    const trigger = () =>
      platform.client.call("schedules.trigger", { params: { id: workflow.id }, body: { for: time.toISOString() } });
    await expect(trigger()).rejects.toMatchObject({ code: "INPUT_INVALID" });
    expect(await ledger(workflow)).toMatchObject([{ outcome: "failed", cause: "INPUT_INVALID", madeUp: null }]);
    await platform.client.call("workflows.update", {
      params: { id: workflow.id },
      body: { defaultConfig: { must: "be", script: REVIEW } },
    });
    const task = await trigger();
    expect(await ledger(workflow)).toMatchObject([
      { outcome: "ran", taskId: task.id, madeUp: { earlier: { outcome: "failed", cause: "INPUT_INVALID" } } },
    ]);
    await expect(trigger()).rejects.toMatchObject({ code: "SCHEDULE_TIME_REFUSED", details: [{ taskId: task.id }] });
  });
});

describe("a pause", () => {
  const call = (workflow: Workflow, body: { reason?: string } = {}) =>
    platform.client.call("schedules.pause", { params: { id: workflow.id }, body });
  const resume = (workflow: Workflow) => platform.client.call("schedules.resume", { params: { id: workflow.id } });

  it("skips what falls into it, also when that is dispatched after it, and nothing else", async () => {
    const workflow = await scheduled();
    expect(await call(workflow, { reason: "year end" })).toMatchObject({ paused: { reason: "year end", until: null } });
    // It was paused three hours ago.
    const since = new Date(hoursAgo(2).getTime() - 60_000);
    await sql`update schedule_pauses set since = ${since} where workflow_id = ${workflow.id}`.execute(services().db);
    expect((await dispatch(workflow, hoursAgo(2))).outcome).toBe("skipped");
    expect(await resume(workflow)).toMatchObject({ paused: null });
    expect((await dispatch(workflow, hoursAgo(1))).outcome).toBe("skipped");
    expect((await dispatch(workflow, hoursAgo(3))).outcome).toBe("started");
    expect((await ledger(workflow)).map(({ outcome, cause }) => [outcome, cause])).toEqual([
      ["skipped", "paused"],
      ["skipped", "paused"],
      ["ran", null],
    ]);
    const [skipped] = await ledger(workflow, "skipped");
    expect(skipped?.reason).toMatch(/^The schedule was paused by .*: year end$/);
    const { pauses, outcomes } = await platform.client.call("schedules.get", { params: { id: workflow.id } });
    expect(pauses).toMatchObject([{ reason: "year end", resumedBy: expect.any(String) }]);
    expect(outcomes).toEqual({ ran: 1, skipped: 2, missed: 0, failed: 0 });
  });

  it("twice is the first, and is over when the schedule goes", async () => {
    const workflow = await scheduled();
    const { paused } = await call(workflow, { reason: "first" });
    expect((await call(workflow, { reason: "second" })).paused).toEqual(paused);
    expect(await told("schedule.paused", workflow)).toHaveLength(1);
    await resume(workflow);
    await resume(workflow);
    expect(await told("schedule.resumed", workflow)).toHaveLength(1);
    await call(workflow);
    await scheduled({ schedule: null, timezone: null });
    await expect(call(workflow)).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND" });
    await scheduled();
    expect(await platform.client.call("schedules.list", { query: { entity: `fund-${count}` } })).toMatchObject([
      { workflowId: workflow.id, paused: null },
    ]);
  });
});

describe("a platform that was down", () => {
  it("fires what it can still make up for, and records the rest as missed, once", async () => {
    const workflow = await scheduled({ schedule: EVERY_FOUR });
    await downSince(workflow, slotsAgo(8));
    await Promise.all([settleSchedules(services(), 0), settleSchedules(other.services, 0)]);
    const missed = await ledger(workflow, "missed");
    expect(missed.length).toBeGreaterThanOrEqual(2);
    expect(missed.at(-1)).toMatchObject({ nominalTime: slotsAgo(8).toISOString(), cause: null });
    const events = await told("schedule.missed", workflow);
    expect(events).toMatchObject([{ nominalTime: slotsAgo(8).toISOString(), count: missed.length }]);
    const due = await ledger(workflow, "due");
    expect(due.length + missed.length).toBe(9);
    const first = new Date(due.at(-1)?.nominalTime ?? "");
    expect((await marks(workflow)).expected).toEqual(first);
    await expect.poll(() => firedAgain(workflow, first)).toBe(true);
    // The control workflow then dispatches each, in whatever order.
    for (const { nominalTime } of due) await dispatch(workflow, new Date(nominalTime), other);
    await settleSchedules(services(), 0);
    expect((await ledger(workflow)).map(({ nominalTime }) => nominalTime)).toEqual(
      Array.from({ length: 9 }, (_, slots) => slotsAgo(slots).toISOString()),
    );
    const { settled, expected } = await marks(workflow);
    expect(expected?.getTime()).toBeGreaterThan(settled?.getTime() ?? 0);
    expect(expected?.getTime()).toBeGreaterThan(Date.now());
  });

  it("puts back a schedule that Temporal has lost or has otherwise", async () => {
    const lost = await scheduled();
    const { schedules } = services().engine;
    await schedules.remove(lost.id);
    await downSince(lost, hoursAgo(1));
    await settleSchedules(services(), 0);
    await expect.poll(() => schedules.spec(lost.id)).toEqual({ cron: "0 * * * *", timezone: "UTC" });
    await expect.poll(() => firedAgain(lost, hoursAgo(1))).toBe(true);
    // As when the process is killed between Temporal and the row.
    await schedules.put({ id: lost.id, cron: "* * * * *", timezone: "UTC", note: "" });
    const by = { schedule: "* * * * *", timezone: "UTC" };
    expect(await dispatch(lost, new Date(), platform.server, by)).toMatchObject({ outcome: "skipped" });
    expect(await ledger(lost, "ran")).toEqual([]);
    await settleSchedules(services(), 0);
    expect(await schedules.spec(lost.id)).toEqual({ cron: "0 * * * *", timezone: "UTC" });
  });

  it("leaves schedules that fire as they should alone", async () => {
    const workflow = await scheduled();
    await settleSchedules(services(), 0);
    const { expected } = await marks(workflow);
    if (!expected) throw new Error("no expected time");
    await downSince(workflow, hoursAgo(0));
    await dispatch(workflow, hoursAgo(0));
    expect(await marks(workflow)).toEqual({ settled: hoursAgo(0), expected });
  });
});

describe("a schedule that changes", () => {
  it("gives what was due under the old one its outcome first", async () => {
    const workflow = await scheduled({ schedule: EVERY_FOUR });
    await downSince(workflow, slotsAgo(8));
    await platform.client.call("workflows.update", { params: { id: workflow.id }, body: { schedule: "30 6 * * *" } });
    const entries = await ledger(workflow);
    expect(entries).toHaveLength(9);
    expect(entries.filter(({ outcome }) => outcome === "missed").length).toBeGreaterThanOrEqual(2);
    expect(entries.some(({ outcome }) => outcome === "ran")).toBe(true);
    expect(entries.some(({ outcome }) => outcome === "due")).toBe(false);
    // What the old one fires late is nothing.
    const by = { schedule: EVERY_FOUR, timezone: "UTC" };
    expect(await dispatch(workflow, new Date(Date.now() - 1), platform.server, by)).toMatchObject({
      outcome: "skipped",
    });
    expect(await ledger(workflow)).toHaveLength(9);
  });

  it("or is taken off with the workflow leaves its ledger, and what was due in it", async () => {
    const workflow = await scheduled();
    await downSince(workflow, hoursAgo(1));
    await platform.client.call("workflows.delete", { params: { id: workflow.id } });
    const entries = await ledger(workflow);
    expect(entries).toMatchObject([
      { nominalTime: hoursAgo(0).toISOString(), outcome: "skipped", cause: "removed" },
      { nominalTime: hoursAgo(1).toISOString(), outcome: "skipped", cause: "removed" },
    ]);
    expect(await dispatch(workflow, hoursAgo(1))).toMatchObject({ outcome: "skipped" });
    expect(await dispatch(workflow, new Date())).toMatchObject({ outcome: "skipped" });
    expect(await ledger(workflow)).toHaveLength(2);
  });
});

describe("a trigger", () => {
  const trigger = (workflow: Workflow, time?: Date, idempotencyKey?: string) =>
    platform.client.call("schedules.trigger", {
      params: { id: workflow.id },
      body: time === undefined ? {} : { for: time.toISOString() },
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });

  it("without a time starts a task for the period of now, which no ledger expects", async () => {
    const workflow = await scheduled();
    const task = await trigger(workflow, undefined, `trigger-${count}`);
    const month = new Date();
    month.setUTCDate(0);
    expect(task).toMatchObject({ dueDate: null, context: { period: month.toISOString().slice(0, 7) } });
    expect((await trigger(workflow, undefined, `trigger-${count}`)).id).toBe(task.id);
    expect(await ledger(workflow)).toEqual([]);
  });

  it("runs a missed time once, however many ask at once", async () => {
    const workflow = await scheduled();
    await downSince(workflow, hoursAgo(25));
    await settleSchedules(services(), 0);
    const answers = await Promise.allSettled([1, 2, 3].map(() => trigger(workflow, hoursAgo(25))));
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "SCHEDULE_TIME_REFUSED" });
    const [entry] = await ledger(workflow, "ran");
    expect(entry).toMatchObject({ madeUp: { earlier: { outcome: "missed" } } });
    expect(await tasksOf(workflow)).toHaveLength(1);
  });

  it("runs a due time, and names who did", async () => {
    const workflow = await scheduled();
    await downSince(workflow, hoursAgo(1));
    const task = await trigger(workflow, hoursAgo(1));
    expect(await ledger(workflow, "ran")).toMatchObject([{ taskId: task.id, madeUp: { earlier: null } }]);
    expect(await dispatch(workflow, hoursAgo(1))).toEqual({ outcome: "started", taskId: task.id });
  });

  it.each([
    ["that lies ahead", () => hoursAgo(-2), "lies ahead"],
    ["from before the ledger", () => hoursAgo(5), "has no time"],
    ["that the schedule does not name", () => new Date(hoursAgo(0).getTime() + 1_000), "has no time"],
  ])("refuses a time %s", async (_, time, message) => {
    const workflow = await scheduled();
    await expect(trigger(workflow, time())).rejects.toMatchObject({
      code: "SCHEDULE_TIME_REFUSED",
      message: expect.stringContaining(message),
    });
    expect(await tasksOf(workflow)).toEqual([]);
  });
});

describe("a preview", () => {
  it("is Temporal's, with the period of each time", async () => {
    const workflow = await scheduled({ schedule: "0 8 5 * *", timezone: "Europe/London" });
    const { lines } = await platform.client.call("schedules.preview", {
      params: { id: workflow.id },
      query: { count: 13 },
    });
    expect(lines).toHaveLength(13);
    expect(lines.filter((line) => line.kind === "fires" && line.clockChange).length).toBeGreaterThanOrEqual(2);
    for (const line of lines) expect(line).toMatchObject({ kind: "fires", local: expect.stringMatching(/-05T08:00$/) });
  });

  it("of a schedule that nobody has binds nothing", async () => {
    const query = { schedule: " 30  1 * * *", timezone: "America/New_York", count: 3 };
    const shown = await platform.client.call("schedules.previewAny", { query });
    expect(shown).toMatchObject({ schedule: "30 1 * * *", paused: null });
    expect(shown.lines.length).toBeGreaterThanOrEqual(3);
    await expect(
      platform.client.call("schedules.previewAny", { query: { schedule: "0 8 31 2 *" } }),
    ).rejects.toMatchObject({ code: "SCHEDULE_INVALID" });
  });
});

describe("the ledger", () => {
  it("is read in pages, newest first, with what is due at its head", async () => {
    const workflow = await scheduled();
    for (const hours of [4, 3, 2]) await dispatch(workflow, hoursAgo(hours));
    await downSince(workflow, hoursAgo(4));
    const { url, keys } = platform.server;
    const pages: LedgerEntry[][] = [];
    for (let next: string | undefined = `/v1/workspace/schedules/${workflow.id}/ledger?limit=2`; next; ) {
      const answer: Response = await fetch(new URL(next, url), { headers: { authorization: `Bearer ${keys.admin}` } });
      pages.push((await answer.json()) as LedgerEntry[]);
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages[0]).toMatchObject([{ outcome: "due", recordedAt: null }, { outcome: "due" }]);
    expect(pages.flat().map(({ nominalTime }) => nominalTime)).toEqual(
      [0, 1, 2, 3, 4].map((hours) => hoursAgo(hours).toISOString()),
    );
  });
});
