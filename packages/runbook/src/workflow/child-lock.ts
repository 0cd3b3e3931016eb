import { Lock, MEMO, REPAIRED_SIGNAL } from "@ntro/contract/names";
import { RepairedSignal } from "@ntro/contract/protocol";
import { defineSignal, setHandler, workflowInfo } from "@temporalio/workflow";

/** Which revision each child is that is started from now on: as fixed when the task started, with what repairs have changed since. */
export class ChildLock {
  #lock: Lock;

  constructor() {
    this.#lock = Lock.catch({}).parse(workflowInfo().memo?.[MEMO.lock]);
  }

  /** Undefined for a runbook that was not deployed when the task started. */
  revisionOf(slug: string): Lock[string] | undefined {
    return Object.hasOwn(this.#lock, slug) ? this.#lock[slug] : undefined;
  }

  /** The memo that a child gets, so that its own children are locked to the same. */
  memo(): Record<string, unknown> {
    return { ...workflowInfo().memo, [MEMO.lock]: this.#lock };
  }

  /** Takes what a repair changes. Its signal stands in the history, so a replay takes it at the same place. */
  serveRepairs(): void {
    setHandler(defineSignal<[unknown]>(REPAIRED_SIGNAL), (argument) => {
      const repaired = RepairedSignal.safeParse(argument);
      if (repaired.success) this.#lock = { ...this.#lock, ...repaired.data.lock };
    });
  }
}
