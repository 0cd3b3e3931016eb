import { NtroError } from "@ntro/contract";
import type { WorkflowState } from "../core/child-slots";
import type { Engine } from "../engine/engine";

/** What a task and its running children say of themselves now. */
export interface LiveStates {
  /** The task first, then its children. */
  readonly states: readonly WorkflowState[];
  /** Why some child did not answer; its gates are not among the states. */
  readonly silent: NtroError | undefined;
}

/**
 * Asks a task's workflow and, where it has children that run, each of them.
 * @param patience milliseconds for each answer; the engine's own when left out
 * @throws NtroError `TASK_UNREACHABLE`, `TASK_CLOSED` or `ENGINE_UNAVAILABLE` when the task itself does not answer
 */
export async function readLiveStates(engine: Engine, taskId: string, patience?: number): Promise<LiveStates> {
  const state = await engine.state(taskId, patience);
  const running = state.children.filter((child) => child.status === "running");
  const below = await Promise.all(running.map((child) => readChild(engine, child.workflow_id, patience)));
  return {
    states: [{ workflowId: taskId, state }, ...below.flatMap((child) => child.states)],
    silent: below.find((child) => child.silent !== undefined)?.silent,
  };
}

async function readChild(engine: Engine, workflowId: string, patience?: number): Promise<LiveStates> {
  try {
    return await readLiveStates(engine, workflowId, patience);
  } catch (error) {
    if (!(error instanceof NtroError)) throw error;
    // A child that has ended since waits for nobody.
    return { states: [], silent: error.code === "TASK_CLOSED" ? undefined : error };
  }
}
