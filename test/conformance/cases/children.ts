import { QUERIES } from "@ntro/contract";
import { expect, test } from "vitest";
import { IDENTITY, type Task } from "../task";
import type { Trial } from "../trial";

/** Child runbooks. */
export function children(trial: () => Trial): void {
  const parent = (run: string) => trial().start("parent", { run });
  const childrenOf = (task: Task, count: number) => task.children(trial().client.workflow, count);

  test("one child runs as the locked type, for the same tenant", async () => {
    const task = await parent("one");
    const [child] = await childrenOf(task, 1);
    if (!child) throw new Error("A child was reported.");
    expect(child.id).toBe(`${task.id}:work:leaf`);
    const gate = await child.gate("May only go on?");
    const { type, memo } = await child.handle.describe();
    expect(type).toBe(trial().host.types.leaf);
    expect(memo).toEqual((await task.handle.describe()).memo);
    expect(await task.query(QUERIES.pendingAction)).toMatchObject({
      kind: "drill_down",
      children: [{ task_id: child.id, step_id: "work", slug: "leaf" }],
    });
    await child.approve(gate);
    expect(await task.result()).toEqual({ names: ["only", IDENTITY.tenant_slug] });
    expect((await task.lastReport()).children).toMatchObject([{ workflow_id: child.id, status: "completed" }]);
  });

  test("several at once are children of their own, each with its result", async () => {
    const task = await parent("all");
    const [north, south] = await childrenOf(task, 2);
    if (!north || !south) throw new Error("Two children were reported.");
    await south.approve(await south.gate("May s go on?"));
    expect(await task.result()).toEqual({ names: ["n", "s"] });
    expect(await task.query(QUERIES.children)).toMatchObject({
      work: [{ workflow_id: north.id }, { workflow_id: south.id }],
    });
    for (const child of [north, south]) expect(child.id).toMatch(new RegExp(`^${task.id}:work:leaf:[a-z0-9]+$`));
    expect(north.id).not.toBe(south.id);
  });

  test("a child that fails leaves its siblings to their ends, then fails the parent", async () => {
    const task = await parent("failing");
    const [, good] = await childrenOf(task, 2);
    if (!good) throw new Error("Two children were reported.");
    const gate = await good.gate();
    await task.reported((report) => report.children.some((sibling) => sibling.status === "failed"));
    expect((await task.handle.describe()).status.name).toBe("RUNNING");
    await good.approve(gate);
    expect(await task.failure()).toEqual({ type: "LeafFailed", message: "b cannot be done." });
    expect((await good.handle.describe()).status.name).toBe("COMPLETED");
  });

  test("a child that was not deployed when the task started fails it", async () => {
    const task = await parent("unknown");
    expect(await task.failure()).toMatchObject({
      type: "ChildNotDeployed",
      message: expect.stringContaining('"stranger"'),
    });
  });

  test("cancelling the parent cancels its children", async () => {
    const task = await parent("one");
    const [child] = await childrenOf(task, 1);
    if (!child) throw new Error("A child was reported.");
    await child.gate();
    await task.handle.cancel();
    expect(await child.failure()).toMatchObject({ type: "CancelledFailure" });
    expect(await task.failure()).toMatchObject({ type: "CancelledFailure" });
  });
}
