import { SIGNALS } from "@ntro/contract";
import { expect, test } from "vitest";
import { refusal } from "../task";
import type { Trial } from "../trial";

/** Several gates at once. */
export function atOnce(trial: () => Trial): void {
  test("gates open at once are answered one by one, in any order", async () => {
    const task = await trial().start("at-once");
    const { gates } = await task.reported((report) => report.gates.length === 3);
    expect(gates.map((gate) => gate.title)).toEqual(["First", "Second", "Submit third"]);
    const [first, second, third] = gates;
    if (!first || !second || !third) throw new Error("Three gates were reported.");
    await task.signal(SIGNALS.userAction, { type: "approved" });
    await task.submit(third, "third");
    await task.reject(second, "Not this one.");
    expect((await task.state()).gates.map((gate) => gate.title)).toEqual(["First"]);
    await task.signal(SIGNALS.userAction, { type: "approved" });
    expect(await task.result()).toEqual({ answers: ["approved", "rejected", "third.xlsx"] });
  });

  test("when one branch breaks, the gates of the others close with the step", async () => {
    const task = await trial().start("at-once", { breakAfterFirst: true });
    const { gates } = await task.reported((report) => report.gates.length === 3);
    const [first, second] = gates;
    if (!first || !second) throw new Error("Three gates were reported.");
    await task.approve(first);
    const after = await task.gate("After the break");
    expect((await task.state()).gates.map((gate) => gate.title)).toEqual(["After the break"]);
    expect(await refusal(task.approve(second))).toMatchObject({ type: "GATE_NOT_OPEN" });
    await task.approve(after);
    expect(await task.result()).toEqual({ answers: ["approved"] });
    expect((await task.state()).steps.map((step) => step.status)).toEqual(["failed", "completed"]);
  });
}
