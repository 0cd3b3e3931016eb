import { randomUUID } from "node:crypto";
import type { Backfill, CreateBackfill } from "@ntro/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startControl, type TestControl } from "../../../../test/support/control";
import { ScriptedPlatform, until } from "../../../../test/support/scripted-platform";
import type { ScriptLine } from "../../../../test/support/scripted-workflow";

const WAITS: ScriptLine[] = [{ do: "review", title: "R" }];

let platform: ScriptedPlatform;
let control: TestControl;
let entity: string;
let count = 0;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  control = await startControl(`${platform.server.url}/v1`, platform.server.keys.worker);
  await platform.deploy("1.0.0", "one", {}, ["concurrency: one-per-workflow"]);
  await platform.deploy("1.0.0", "early", {
    inputSchema: { type: "object", properties: { period: { type: "string", pattern: "^2026-0[12]$" } } },
  });
  await platform.deploy("1.0.0", "timeless", {
    inputSchema: { type: "object", properties: { date: { type: "string" } }, additionalProperties: {} },
  });
});
afterAll(async () => {
  await control?.stop();
  await platform?.stop();
});
beforeEach(async () => {
  entity = `fund-${++count}`;
  await platform.newEntity(entity);
});

const body = (over: Partial<CreateBackfill> = {}): CreateBackfill => ({
  tenantId: "acme",
  entityId: entity,
  workflowId: "nav",
  from: "2026-01",
  to: "2026-03",
  context: { script: [] },
  ...over,
});
const backfill = (over: Partial<CreateBackfill> = {}, idempotencyKey: string = randomUUID()) =>
  platform.client.call("backfills.create", { body: body(over), idempotencyKey });
const get = (id: string) => platform.client.call("backfills.get", { params: { id } });
const cancel = (id: string) => platform.client.call("backfills.cancel", { params: { id } });
const cancelTask = (id: string) => platform.client.call("tasks.cancel", { params: { id }, body: {} });

/** The task of a period once it has started. */
function started(id: string, period: string): Promise<string> {
  return until(async () => {
    const found = (await get(id)).periods.find((each) => each.period === period);
    return found?.outcome === "started" ? found.task?.id : undefined;
  });
}

/** Lets a task's end be known, as its host would. */
async function complete(taskId: string): Promise<void> {
  await until(async () =>
    (await platform.server.services.engine.describe(taskId)).status === "completed" ? true : undefined,
  );
  await platform.report(taskId, "completed");
}

/** Runs a backfill of tasks that end by themselves to its end. */
async function runThrough(over: Partial<CreateBackfill> = {}): Promise<Backfill> {
  const { id, periods } = await backfill(over);
  for (const { period } of periods) {
    const row = await until(async () => {
      const found = (await get(id)).periods.find((each) => each.period === period);
      return found?.outcome === "waiting" ? undefined : found;
    });
    if (row.outcome === "started" && row.task) await complete(row.task.id);
  }
  return ended(id);
}

const ended = (id: string) => until(async () => ((await get(id)).endedAt === null ? undefined : get(id)));
const outcomes = ({ periods }: Backfill) => periods.map(({ outcome, task }) => `${outcome} ${task?.status ?? "-"}`);

describe("a backfill", () => {
  it("starts one task for each period, the oldest first, the next when the last has ended", async () => {
    await platform.bind({ entity });
    const made = await backfill();
    expect(made).toMatchObject({
      status: "running",
      maxParallel: 1,
      again: false,
      entitySlug: entity,
      runbookSlug: "nav",
    });
    const first = await started(made.id, "2026-01");
    expect((await get(made.id)).periods.map(({ outcome }) => outcome)).toEqual(["started", "waiting", "waiting"]);
    expect(await platform.task(first)).toMatchObject({ context: { period: "2026-01" } });
    await complete(first);
    await complete(await started(made.id, "2026-02"));
    await complete(await started(made.id, "2026-03"));
    const over = await ended(made.id);
    expect(over.status).toBe("ended");
    expect(outcomes(over)).toEqual(Array(3).fill("started COMPLETED"));
    const told = await platform.server.services.db
      .selectFrom("events")
      .select(["type", "data"])
      .where("type", "like", "backfill.%")
      .orderBy("id")
      .execute();
    expect(told.filter(({ data }) => data.backfillId === made.id).map(({ type }) => type)).toEqual([
      "backfill.started",
      ...Array(3).fill("backfill.period"),
      "backfill.ended",
    ]);
  });

  it("leaves out what ran or is open, and runs again what failed; with again also what ran", async () => {
    const { id: workflowId } = await platform.bind({ entity });
    const run = (period: string, script: ScriptLine[]) =>
      platform.client.call("tasks.create", { body: { tenantId: "acme", workflowId, context: { period, script } } });
    const ran = await run("2026-01", []);
    await complete(ran.id);
    const failed = await run("2026-02", WAITS);
    await cancelTask(failed.id);
    const open = await run("2026-03", WAITS);
    const plan = await platform.client.call("backfills.plan", { body: body() });
    expect(plan.periods.map((each) => [each.plan, each.task?.id ?? each.previous?.id])).toEqual([
      ["already-ran", ran.id],
      ["start", failed.id],
      ["running", open.id],
    ]);
    const first = await runThrough();
    expect(first.periods).toMatchObject([
      { outcome: "already-ran", task: { id: ran.id } },
      { outcome: "started", previous: { id: failed.id, status: "FAILED" } },
      { outcome: "running", task: { id: open.id, status: "READY" } },
    ]);
    const second = await runThrough({ again: true });
    expect(second.periods).toMatchObject([
      { outcome: "started", previous: { id: ran.id, status: "COMPLETED" } },
      { outcome: "started", previous: { status: "COMPLETED" } },
      { outcome: "running", task: { id: open.id } },
    ]);
    await cancelTask(open.id);
  });

  it("goes on after a task that failed, and after a period that is refused", async () => {
    await platform.bind({ entity });
    const { id } = await backfill({ to: "2026-02", context: { script: WAITS } });
    await cancelTask(await started(id, "2026-01"));
    await cancelTask(await started(id, "2026-02"));
    expect(outcomes(await ended(id))).toEqual(["started FAILED", "started FAILED"]);
    await platform.bind({ entity, slug: "early" });
    const early = await runThrough({ workflowId: "early", from: "2026-02", context: {} });
    expect(early.periods).toMatchObject([{ outcome: "started" }, { outcome: "refused", code: "INPUT_INVALID" }]);
    expect(early.periods[1]?.message).toContain("period");
  });

  it("has several tasks open at once when asked to, and one where the runbook says so", async () => {
    await platform.bind({ entity });
    const { id } = await backfill({ maxParallel: 2, context: { script: WAITS } });
    await started(id, "2026-01");
    await started(id, "2026-02");
    expect((await get(id)).periods[2]?.outcome).toBe("waiting");
    await cancelTask(await started(id, "2026-01"));
    await started(id, "2026-03");
    for (const period of ["2026-02", "2026-03"]) await cancelTask(await started(id, period));
    await ended(id);
    const workflow = await platform.bind({ entity, slug: "one" });
    const other = await platform.run(WAITS, { workflowId: workflow.id });
    const one = await backfill({ workflowId: "one", to: "2026-01", maxParallel: 5 });
    expect(one.maxParallel).toBe(1);
    const [waiting] = await until(async () => {
      const { periods } = await get(one.id);
      return periods[0]?.task ? periods : undefined;
    });
    expect(waiting).toMatchObject({ outcome: "waiting", task: { id: other.id } });
    await cancelTask(other.id);
    await complete(await started(one.id, "2026-01"));
    await ended(one.id);
  });

  it("that is cancelled starts nothing more, and leaves what runs", async () => {
    await platform.bind({ entity });
    const { id } = await backfill({ context: { script: WAITS } });
    const task = await started(id, "2026-01");
    expect(await cancel(id)).toMatchObject({ status: "cancelled", cancelledBy: expect.any(String) });
    expect((await platform.task(task)).status).toBe("READY");
    expect(outcomes(await get(id))).toEqual(["started READY", "cancelled -", "cancelled -"]);
    const again = await backfill({ context: { script: WAITS } });
    await started(again.id, "2026-02");
    expect((await get(again.id)).periods[0]).toMatchObject({ outcome: "running", task: { id: task } });
    const { cancelledBy } = await cancel(again.id);
    expect((await cancel(again.id)).cancelledBy).toBe(cancelledBy);
  });
});

describe("a backfill that cannot be", () => {
  it("is refused as a whole, and nothing starts", async () => {
    await platform.bind({ entity });
    await platform.bind({ entity, slug: "timeless" });
    await expect(backfill({ from: "2026-03", to: "2026-01" })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: expect.stringContaining("before it begins"),
    });
    await expect(backfill({ from: "1985-01", to: "2026-08" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(backfill({ from: "2026-13" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(backfill({ maxParallel: 0 })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(backfill({ context: { period: "2026-01" } })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(backfill({ workflowId: "nva" })).rejects.toMatchObject({ code: "WORKFLOW_NOT_FOUND" });
    await expect(backfill({ workflowId: "timeless", context: {} })).rejects.toMatchObject({
      code: "INPUT_INVALID",
      message: expect.stringContaining("takes no start parameter `period`"),
    });
    await expect(backfill({ workflowId: "timeless", context: { date: 5 } })).rejects.toMatchObject({
      code: "INPUT_INVALID",
    });
    const { db } = platform.server.services;
    const mine = await db
      .selectFrom("backfills as b")
      .innerJoin("workflows as w", "w.id", "b.workflow_id")
      .innerJoin("entities as e", "e.id", "w.entity_id")
      .select("b.id")
      .where("e.slug", "=", entity)
      .execute();
    expect(mine).toEqual([]);
  });

  it("is one of its workflow: ten at once are one, and the others name it", async () => {
    await platform.bind({ entity });
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => backfill({ context: { script: WAITS } })));
    const made = all.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    expect(made).toHaveLength(1);
    for (const each of all)
      if (each.status === "rejected")
        expect(each.reason).toMatchObject({ code: "BACKFILL_RUNNING", details: [{ backfillId: made[0]?.id }] });
    await cancel(made[0]?.id ?? "");
  });
});

describe("whatever happens meanwhile", () => {
  it("a request that is repeated is one backfill, and a step that is repeated one task", async () => {
    const { id: workflowId } = await platform.bind({ entity });
    const key = randomUUID();
    const context = { script: WAITS };
    const { id } = await backfill({ context }, key);
    expect((await backfill({ context }, key)).id).toBe(id);
    const worker = platform.server.client(platform.server.keys.worker);
    const step = () => worker.call("worker.backfillPeriod", { params: { id, period: "2026-01" } });
    const steps = await Promise.all(Array.from({ length: 8 }, step));
    expect(new Set(steps.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(await platform.client.call("schedule.list", { query: { workflowId } })).toHaveLength(1);
    await cancel(id);
    expect(await step()).toEqual({ next: "stop" });
  });

  it("one that is made while Temporal is away starts when it is back", async () => {
    await platform.bind({ entity });
    await platform.wayToTemporal.cut();
    const { id } = await backfill({ to: "2026-01" });
    expect((await get(id)).periods[0]?.outcome).toBe("waiting");
    await platform.wayToTemporal.open();
    await until(async () => {
      await platform.server.upkeep.tick();
      const row = platform.server.services.db.selectFrom("backfills").select("launched_at").where("id", "=", id);
      return (await row.executeTakeFirstOrThrow()).launched_at ?? undefined;
    });
    await complete(await started(id, "2026-01"));
    await ended(id);
  });
});
