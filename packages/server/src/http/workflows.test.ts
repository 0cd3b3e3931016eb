import { randomUUID } from "node:crypto";
import { NtroError, type PutWorkflow } from "@ntro/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ScriptedPlatform } from "../../../../test/support/scripted-platform";

let platform: ScriptedPlatform;
let entityId: string;
let count = 0;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
});
afterAll(async () => {
  await platform?.stop();
});
beforeEach(async () => {
  entityId = await platform.newEntity(`fund-${++count}`);
});

async function refusal(work: Promise<unknown>): Promise<NtroError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof NtroError) return thrown;
  throw new Error(`not refused: ${String(thrown)}`);
}

const put = (body: Partial<PutWorkflow> = {}) =>
  platform.client.call("workflows.put", { body: { runbookSlug: "nav", entityId, ...body } });
const get = (id: string) => platform.client.call("workflows.get", { params: { id } });
const update = (id: string, body: object) => platform.client.call("workflows.update", { params: { id }, body });
const dispatch = (workflowId: string, nominalTime: string) =>
  platform.server.client(platform.server.keys.worker).call("worker.dispatch", { body: { workflowId, nominalTime } });

describe("binding", () => {
  it("is an upsert that says what changed", async () => {
    const made = await put({ schedule: "0 8 5 * *", timezone: "Europe/London", runbookVersion: "1.0.0" });
    expect(made).toMatchObject({
      created: true,
      changes: [],
      workflow: { runbookVersion: "1.0.0", entity: { id: entityId } },
    });
    expect(made.workflow.nextRuns).toHaveLength(3);
    const same = await put();
    expect(same).toMatchObject({
      created: false,
      changes: [],
      workflow: { id: made.workflow.id, schedule: "0 8 5 * *" },
    });
    const changed = await put({ runbookVersion: null, schedule: null });
    expect(changed.changes).toEqual([
      { field: "runbookVersion", before: "1.0.0", after: null },
      { field: "schedule", before: "0 8 5 * *", after: null },
      { field: "timezone", before: "Europe/London", after: null },
    ]);
    expect(changed.workflow.nextRuns).toEqual([]);
    expect(await platform.server.services.engine.schedules.spec(made.workflow.id)).toBeNull();
  });

  it("is planned with every check and nothing changed", async () => {
    const plan = (body: object) =>
      platform.client.call("workflows.plan", { body: { runbookSlug: "not-deployed-yet", entityId, ...body } });
    expect(await plan({ runbookVersion: "1.0.0", schedule: "0 8 5 * *" })).toEqual({ created: true, changes: [] });
    await expect(plan({ schedule: "0 8 5 *" })).rejects.toMatchObject({ code: "SCHEDULE_INVALID" });
    await expect(plan({ schedule: "0 8 5 * *", timezone: "Europe/Londn" })).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
    });
    await put({ name: "planned" });
    await expect(plan({ name: "planned" })).rejects.toMatchObject({ code: "WORKFLOW_NAME_TAKEN" });
    expect(await plan({ runbookSlug: "nav", name: "planned", description: "Other" })).toEqual({
      created: false,
      changes: [{ field: "description", before: null, after: "Other" }],
    });
    const all = await platform.client.call("workflows.list", {});
    expect(all.filter(({ runbookSlug }) => runbookSlug === "not-deployed-yet")).toEqual([]);
    expect(all.find(({ name }) => name === "planned")?.description).toBeNull();
  });

  it("is done once, however many do it at the same time", async () => {
    const answers = await Promise.all([put(), put(), put()]);
    expect(new Set(answers.map((answer) => answer.workflow.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.created)).toHaveLength(1);
  });

  it("is refused for what does not fit, and nothing changes", async () => {
    expect((await refusal(put({ schedule: "0 8 31 2 *" }))).code).toBe("SCHEDULE_INVALID");
    expect(await refusal(put({ schedule: "0 8 5 * *", timezone: "Europe/Londn" }))).toMatchObject({
      code: "SCHEDULE_INVALID",
      hint: expect.stringContaining("Europe/London"),
    });
    expect((await refusal(put({ timezone: "UTC" }))).code).toBe("SCHEDULE_INVALID");
    expect(await refusal(put({ runbookVersion: "9.9.9" }))).toMatchObject({
      code: "VERSION_NOT_FOUND",
      hint: "It has 1.0.0.",
    });
    expect(await refusal(put({ runbookSlug: "nva" }))).toMatchObject({
      code: "RUNBOOK_NOT_FOUND",
      hint: "Did you mean nav?",
    });
    expect((await refusal(put({ entityId: randomUUID() }))).code).toBe("ENTITY_NOT_FOUND");
    expect(
      await platform.client.call("workflows.list", { query: { tenant: "acme", entity: `fund-${count}` } }),
    ).toEqual([]);
  });

  it("changes nothing while Temporal is away", async () => {
    const { workflow } = await put();
    await platform.wayToTemporal.cut();
    expect((await refusal(put({ schedule: "0 8 5 * *" }))).code).toBe("ENGINE_UNAVAILABLE");
    expect((await get(workflow.id)).schedule).toBeNull();
    await platform.wayToTemporal.open();
  });

  it("by POST refuses what is there", async () => {
    const create = (name?: string) =>
      platform.client.call("workflows.create", {
        body: { runbookSlug: "nav", entityId, ...(name === undefined ? {} : { name }) },
      });
    const first = await create();
    expect(first).toMatchObject({ runbookVersion: null, entityId });
    expect(await refusal(create())).toMatchObject({ code: "WORKFLOW_NAME_TAKEN", status: 409 });
    const named = `Quarterly ${count}`;
    await create(named);
    expect((await refusal(create(named))).code).toBe("WORKFLOW_NAME_TAKEN");
    const elsewhere = await platform.newEntity(`other-${count}`);
    expect(
      (
        await refusal(
          platform.client.call("workflows.create", { body: { runbookSlug: "nav", entityId: elsewhere, name: named } }),
        )
      ).message,
    ).toContain(named);
  });
});

describe("a workflow", () => {
  it("is found by id, name or runbook, and changed", async () => {
    const name = `NAV ${count}`;
    const { workflow } = await put({ name });
    expect((await get(name)).id).toBe(workflow.id);
    expect(
      await update(workflow.id, {
        description: "monthly",
        defaultConfig: { a: 1 },
        schedule: "30 9 * * MON",
        timezone: "UTC",
      }),
    ).toMatchObject({
      description: "monthly",
      defaultConfig: { a: 1 },
      schedule: "30 9 * * MON",
    });
    expect((await update(workflow.id, { schedule: null })).timezone).toBeNull();
    expect((await refusal(get(randomUUID()))).code).toBe("WORKFLOW_NOT_FOUND");
  });

  it("is deleted with its schedule, once its tasks have ended", async () => {
    const { workflow } = await put({ schedule: "0 8 5 * *" });
    const { task } = await platform.runToGate([{ do: "review", title: "R" }], { workflowId: workflow.id });
    const remove = () => platform.client.call("workflows.delete", { params: { id: workflow.id } });
    expect(await refusal(remove())).toMatchObject({ code: "WORKFLOW_BUSY", message: expect.stringContaining(task.id) });
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
    await remove();
    expect((await refusal(get(workflow.id))).code).toBe("WORKFLOW_NOT_FOUND");
    expect(await platform.server.services.engine.schedules.spec(workflow.id)).toBeNull();
    expect((await put()).created).toBe(true);
    // A firing that was on its way starts nothing.
    expect(await dispatch(workflow.id, "2026-04-05T08:00:00Z")).toMatchObject({ outcome: "skipped" });
  });
});

describe("a firing", () => {
  it("starts one task for its period, and no other for it while that is open", async () => {
    const { workflow } = await put({
      schedule: "0 8 5 * *",
      timezone: "Europe/London",
      defaultConfig: { script: [{ do: "review", title: "R" }] },
    });
    const first = await dispatch(workflow.id, "2026-04-05T07:00:00Z");
    if (first.outcome !== "started") throw new Error(first.reason);
    expect(await dispatch(workflow.id, "2026-04-05T07:00:00Z")).toEqual(first);
    expect(await platform.task(first.taskId)).toMatchObject({
      context: { period: "2026-03" },
      dueDate: "2026-04-05T07:00:00.000Z",
    });
    const skipped = await dispatch(workflow.id, "2026-04-06T07:00:00Z");
    expect(skipped).toMatchObject({ outcome: "skipped", reason: expect.stringContaining(first.taskId) });
    const told = await platform.server.services.db
      .selectFrom("events")
      .select("data")
      .where("type", "=", "workflow.skipped")
      .execute();
    expect(told.map((event) => event.data)).toContainEqual(
      expect.objectContaining({ workflowId: workflow.id, nominalTime: "2026-04-06T07:00:00.000Z" }),
    );
    expect((await dispatch(workflow.id, "2026-05-05T07:00:00Z")).outcome).toBe("started");
    await platform.client.call("tasks.cancel", { params: { id: first.taskId }, body: {} });
    expect((await dispatch(workflow.id, "2026-04-07T07:00:00Z")).outcome).toBe("started");
  });

  it("is one task, however many dispatch it at the same time", async () => {
    const { workflow } = await put({
      schedule: "0 8 5 * *",
      timezone: "UTC",
      defaultConfig: { script: [{ do: "review", title: "R" }] },
    });
    const answers = await Promise.all([1, 2, 3].map(() => dispatch(workflow.id, "2026-04-05T08:00:00Z")));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await platform.client.call("schedule.list", { query: { workflowId: workflow.id } })).toHaveLength(1);
  });

  it("that cannot start is on record, not tried for ever", async () => {
    await platform.deploy("1.0.0", "strict", {
      inputSchema: { type: "object", properties: { must: { type: "string" } }, required: ["must"] },
    });
    const { workflow } = await put({ runbookSlug: "strict", schedule: "0 8 5 * *", timezone: "UTC" });
    expect(await dispatch(workflow.id, "2026-04-05T08:00:00Z")).toMatchObject({
      outcome: "failed",
      reason: expect.stringContaining("must: is missing"),
    });
  });
});
