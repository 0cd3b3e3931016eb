import { createHash } from "node:crypto";
import { REPAIRED_SIGNAL, type RepairedSignal } from "@ntro/contract";
import type { Services } from "../services";
import { isApplying } from "../store/repair-requests";
import { markTold, untoldRepairs } from "../store/repairs";

/**
 * Tells executions of the repairs that were recorded for them, in their order, as often as it takes: each signal has an id of its own, so Temporal lets it in once.
 * @param taskId of one task; of all when null
 * @throws NtroError `ENGINE_UNAVAILABLE`; what was not told is told by the next call
 */
export async function tellRepairs({ db, engine }: Services, taskId: string | null): Promise<void> {
  for (const repair of await untoldRepairs(db, taskId)) {
    const { workflow_id: workflowId, number } = repair;
    const argument: RepairedSignal = { number, type: repair.workflow_type, lock: repair.lock };
    await engine.signal(workflowId, REPAIRED_SIGNAL, signalId(workflowId, number), argument);
    await markTold(db, workflowId, number);
  }
}

/** Milliseconds to wait for a repair that is being applied; one that a crash left behind is gone on with by a duty. */
const APPLYING_PATIENCE = 5_000;
const POLL = 25;

/**
 * Returns once no repair of the task is just being applied, and its executions were told of those that were: what an answer does, the code does that runs from then on.
 * @throws NtroError `ENGINE_UNAVAILABLE`
 */
export async function afterRepairs(services: Services, taskId: string): Promise<void> {
  const deadline = Date.now() + APPLYING_PATIENCE;
  while ((await isApplying(services.db, taskId)) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, POLL));
  await tellRepairs(services, taskId);
}

/** The request id of a repair's signal; always the same for the same repair. */
function signalId(workflowId: string, number: number): string {
  return createHash("sha256").update(`repair:${workflowId}:${number}`).digest("hex").slice(0, 32);
}
