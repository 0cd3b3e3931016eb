import type { NtroError, Task } from "@ntro/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ScriptedPlatform } from "../../../../test/support/scripted-platform";
import type { ScriptLine } from "../../../../test/support/scripted-workflow";

const WAITS: ScriptLine[] = [{ do: "review", title: "R" }];

let platform: ScriptedPlatform;
let entity: string;
let count = 0;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  for (const rule of ["one-per-period", "one-per-workflow", "any"])
    await platform.deploy("1.0.0", rule, {}, [`concurrency: ${rule}`]);
});
afterAll(async () => {
  await platform?.stop();
});
beforeEach(async () => {
  entity = `fund-${++count}`;
  await platform.newEntity(entity);
});

/** A workflow of a runbook, and how a task of it is started. */
async function bound(slug: string) {
  const { id } = await platform.bind({ entity, slug });
  const start = (period?: string): Promise<Task> => {
    const context = { script: WAITS, ...(period === undefined ? {} : { period }) };
    return platform.client.call("tasks.create", { body: { tenantId: "acme", workflowId: id, context } });
  };
  const open = async () =>
    (await platform.client.call("schedule.list", { query: { workflowId: id, limit: 500 } })).filter(
      ({ status }) => status !== "FAILED",
    );
  return { id, start, open };
}

const cancel = (task: Task) => platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });

describe("concurrency", () => {
  it("one-per-period: one open task for each period", async () => {
    const { start, open } = await bound("one-per-period");
    const march = await start("2026-03");
    await expect(start("2026-03")).rejects.toMatchObject({
      code: "TASK_RUNNING",
      status: 409,
      message: expect.stringContaining(`${march.title} (${march.id})`),
      hint: expect.stringContaining(`ntro run status ${march.id}`),
      details: [{ taskId: march.id }],
    });
    const april = await start("2026-04");
    await cancel(march);
    const again = await start("2026-03");
    expect((await open()).map(({ id }) => id).sort()).toEqual([april.id, again.id].sort());
  });

  it("one-per-workflow: one open task, whatever its period", async () => {
    const { start } = await bound("one-per-workflow");
    const march = await start("2026-03");
    await expect(start("2026-04")).rejects.toMatchObject({ code: "TASK_RUNNING", details: [{ taskId: march.id }] });
    await cancel(march);
    await start("2026-04");
  });

  it("any, and no word without a schedule: as many as are asked for", async () => {
    for (const slug of ["any", "nav"]) {
      const { start, open } = await bound(slug);
      await Promise.all([start("2026-03"), start("2026-03")]);
      expect(await open()).toHaveLength(2);
    }
  });

  it("no word with a schedule: one for each period", async () => {
    const { id, start } = await bound("nav");
    await start("2026-03");
    await start("2026-03");
    const schedule = { schedule: "0 8 5 * *", timezone: "UTC" };
    await platform.client.call("workflows.update", { params: { id }, body: schedule });
    await expect(start("2026-03")).rejects.toMatchObject({ code: "TASK_RUNNING" });
    await start("2026-04");
  });

  it("holds when twenty start at once: one does, and the others name it", async () => {
    const { start, open } = await bound("one-per-period");
    const starts = await Promise.allSettled(Array.from({ length: 20 }, () => start("2026-03")));
    const [winner] = await open();
    expect(await open()).toHaveLength(1);
    const refusals = starts.filter((each) => each.status === "rejected").map((each): NtroError => each.reason);
    expect(refusals).toHaveLength(19);
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ code: "TASK_RUNNING", details: [{ taskId: winner?.id }] });
  });

  it("lets the same request be repeated while its task is open", async () => {
    const { id } = await bound("one-per-workflow");
    const body = { tenantId: "acme", workflowId: id, context: { period: "2026-03", script: WAITS } };
    const ask = () => platform.client.call("tasks.create", { body, idempotencyKey: "once" });
    expect((await ask()).id).toBe((await ask()).id);
  });
});
