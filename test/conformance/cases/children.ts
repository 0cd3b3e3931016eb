import { QUERIES } from "@ntro/contract";
import { expect, test } from "vitest";
import { IDENTITY } from "../task";
import type { Trial } from "../trial";

/** Child runbooks. */
export function children(trial: () => Trial): void {
  const childOf = async (run: string, suffix: string) => {
    const task = await trial().start("parent", { run });
    return { task, child: task.child(trial().client.workflow, suffix) };
  };

  test("one child runs as the locked type, for the same tenant", async () => {
    const { task, child } = await childOf("one", "work:leaf");
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
    expect(task.stateReports().at(-1)?.children).toMatchObject([{ workflow_id: child.id, status: "completed" }]);
  });

  test("several at once go by their sources", async () => {
    const { task, child } = await childOf("all", "work:leaf:south");
    await child.approve(await child.gate());
    expect(await task.result()).toEqual({ names: ["n", "s"] });
    expect(await task.query(QUERIES.children)).toMatchObject({
      work: [{ workflow_id: `${task.id}:work:leaf:north` }, { workflow_id: `${task.id}:work:leaf:south` }],
    });
  });

  test("a child that fails leaves its siblings to their ends, then fails the parent", async () => {
    const { task, child } = await childOf("failing", "work:leaf:good");
    const gate = await child.gate();
    await task.reported((report) => report.children.some((sibling) => sibling.status === "failed"));
    expect((await task.handle.describe()).status.name).toBe("RUNNING");
    await child.approve(gate);
    expect(await task.failure()).toEqual({ type: "LeafFailed", message: "b cannot be done." });
    expect((await child.handle.describe()).status.name).toBe("COMPLETED");
  });

  test("a child that was not deployed when the task started fails it", async () => {
    const { task } = await childOf("unknown", "");
    expect(await task.failure()).toMatchObject({
      type: "ChildNotDeployed",
      message: expect.stringContaining('"stranger"'),
    });
  });

  test("cancelling the parent cancels its children", async () => {
    const { task, child } = await childOf("one", "work:leaf");
    await child.gate();
    await task.handle.cancel();
    expect(await child.failure()).toMatchObject({ type: "CancelledFailure" });
    expect(await task.failure()).toMatchObject({ type: "CancelledFailure" });
  });
}
