import { SIGNALS } from "@ntro/contract";
import { expect, test } from "vitest";
import type { HostUnderTest } from "../host-under-test";
import { CLIENT, document, refusal, type Task } from "../task";
import { testWith } from "../test-with";
import type { Trial } from "../trial";

/** Files that are asked for, alone and together. */
export function files(host: HostUnderTest, trial: () => Trial): void {
  const collecting = async () => {
    const task = await trial().start("collect-files");
    const lease = await task.gate("Signed lease");
    return { task, lease };
  };

  test("files come in any order, once each", async () => {
    const { task, lease } = await collecting();
    expect(await refusal(task.submit(lease, "trial-balance"))).toMatchObject({ type: "GATE_NOT_OPEN" });
    await task.submit(lease, "lease");
    expect(await refusal(task.submit(lease, "lease"))).toMatchObject({ type: "GATE_NOT_OPEN" });
    const sources = await task.gate("Sources of March");
    await task.submit(sources, "rent-roll");
    expect(await refusal(task.submit(sources, "rent-roll"))).toMatchObject({
      type: "GATE_NOT_OPEN",
      message: expect.stringContaining("submitted already"),
    });
    expect(await refusal(task.submit(sources, "lease"))).toMatchObject({ type: "GATE_NOT_OPEN" });
    expect(await refusal(task.approve(sources))).toMatchObject({ type: "GATE_NOT_OPEN" });
    const half = await task.reported(
      ({ gates }) => gates[0]?.kind === "submit_files" && gates[0].sources?.length === 1,
    );
    expect(half.gates[0]?.sources).toEqual(["trial-balance"]);
    expect((await task.state()).gates[0]?.slots?.map((slot) => slot.status)).toEqual(["pending", "completed"]);
    await task.submit(sources, "trial-balance");
    expect(await task.result()).toEqual({
      lease: expect.objectContaining({ ref: "doc-lease", filename: "lease.xlsx", sizeBytes: 1234 }),
      refs: ["doc-lease", "doc-trial-balance", "doc-rent-roll"],
      by: CLIENT.name,
      rounds: 1,
    });
  });

  /** Goes on to the second round, which the feedback of the first is given for. */
  const askedAgain = async (task: Task, lease: { token: string }) => {
    await task.submit(lease, "lease");
    const first = await task.gate("Sources of March");
    expect(first.action).not.toHaveProperty("feedback");
    await task.submit(first, "trial-balance");
    await task.submit(first, "rent-roll", { size_bytes: 0 });
    return task.askedAgain(first);
  };

  test("feedback shows at the gate it is given for", async () => {
    const { task, lease } = await collecting();
    const second = await askedAgain(task, lease);
    const feedback = { kind: "message", level: "error", payload: { message: "rent-roll.xlsx is empty." } };
    expect(second.action).toMatchObject({ feedback, display_hint: { config: { feedback } } });
    expect((await task.state()).feedback).toEqual(feedback);
    await task.submit(second, "trial-balance");
    await task.submit(second, "rent-roll");
    expect(await task.result()).toMatchObject({ rounds: 2 });
  });

  test("feedback ends with its gate", async () => {
    const { task, lease } = await collecting();
    const second = await askedAgain(task, lease);
    await task.submit(second, "trial-balance");
    await task.submit(second, "rent-roll");
    await task.result();
    expect((await task.state()).feedback).toBeNull();
  });

  test("the published signal document_submitted answers a gate", async () => {
    const { task } = await collecting();
    await task.signal(SIGNALS.documentSubmitted, "nonsense");
    const { size_bytes: _, sha256: __, ...published } = document("lease");
    await task.signal(SIGNALS.documentSubmitted, published);
    const sources = await task.gate("Sources of March");
    expect(sources.slots?.map((slot) => slot.status)).toEqual(["pending", "pending"]);
    await task.signal(SIGNALS.documentSubmitted, document("rent-roll"));
    await task.submit(sources, "trial-balance");
    expect(await task.result()).toMatchObject({ refs: ["doc-lease", "doc-trial-balance", "doc-rent-roll"] });
  });

  testWith(
    host,
    "signalsByGate",
    "document_submitted reaches the gate that asks for its source, and is lost where none does",
    async () => {
      const { task } = await collecting();
      await task.signal(SIGNALS.documentSubmitted, document("rent-roll"));
      await task.signal(SIGNALS.documentSubmitted, "nonsense");
      const { size_bytes: _, sha256: __, ...published } = document("lease");
      await task.signal(SIGNALS.documentSubmitted, published);
      const sources = await task.gate("Sources of March");
      expect(sources.slots?.map((slot) => slot.status)).toEqual(["pending", "pending"]);
      await task.signal(SIGNALS.documentSubmitted, { ...document("rent-roll"), gate: "another" });
      await task.signal(SIGNALS.documentSubmitted, document("trial-balance"));
      const half = await task.reported(
        ({ gates }) => gates[0]?.kind === "submit_files" && gates[0].sources?.length === 1,
      );
      expect(half.gates[0]?.sources).toEqual(["rent-roll"]);
    },
  );
}
