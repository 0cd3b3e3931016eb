import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Trial } from "../trial";

/** What hosts report, and that a restart changes nothing. */
export function reports(trial: () => Trial): void {
  test("seq grows, contents stay out, the last report closes", async () => {
    const task = await trial().start("review-lines");
    await task.approve(await task.gate("Lines of March"), [{ row_id: "a", field: "note", new_value: "secret note" }]);
    await task.approve(await task.gate("Post now?"));
    await task.result();
    await task.lastReport();
    const told = task.stateReports();
    const numbers = told.map((report) => report.seq);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(told.filter((report) => report.closing !== null)).toEqual([told.at(-1)]);
    expect(told.at(-1)).toMatchObject({ closing: "completed", gates: [], current_step: "post" });
    expect(told.at(-1)?.steps.map((step) => step.status)).toEqual(Array(4).fill("completed"));
    expect(JSON.stringify(told)).not.toMatch(/secret note|1250\.50/);
  });

  test("a task goes on after its host was replaced: same token, nothing reported twice", async () => {
    const queue = `conformance-${randomUUID()}`;
    const first = await trial().serve(queue);
    const task = await trial().start("review-lines", {}, queue);
    const gate = await task.gate("Lines of March");
    await task.rowAction(gate, { action: "edit_cell", row_id: "a", field: "note", value: "before" });
    const edited = await task.state();
    await first.stop();
    const before = task.stateReports().length;
    const second = await trial().serve(queue);
    expect(await task.state()).toEqual(edited);
    expect(task.stateReports()).toHaveLength(before);
    await task.approve(gate);
    await task.approve(await task.gate("Post now?"));
    expect(await task.result()).toMatchObject({ decision: "approved", corrections: [{ to: "before" }] });
    await task.lastReport();
    const seqs = task.stateReports().map((report) => report.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    await second.stop();
  });

  test("answers that reach a host together with its restart: exactly one wins", async () => {
    const queue = `conformance-${randomUUID()}`;
    const first = await trial().serve(queue);
    const task = await trial().start("review-lines", {}, queue);
    const gate = await task.gate("Lines of March");
    await first.stop();
    const answers = Promise.allSettled([task.approve(gate), task.reject(gate, "No."), task.approve(gate)]);
    const second = await trial().serve(queue);
    expect((await answers).filter((answer) => answer.status === "fulfilled")).toHaveLength(1);
    await second.stop();
  });
}
