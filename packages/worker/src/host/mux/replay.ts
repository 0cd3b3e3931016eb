import { describeError } from "./activation-report";
import { openMultiplexer, type WorkflowThreadOptions } from "./open-multiplexer";
import type { ActivationFailure, Revision } from "./revision";
import { replayWithSdk } from "./sdk-worker";

/** Whether a revision's code can go on from a recorded history. */
export type ReplayOutcome =
  | { readonly status: "fits" }
  | {
      readonly status: "unfit";
      readonly failure: ActivationFailure;
      /** Id of the last event that the code knew when it differed. */
      readonly lastEventId: number;
      /** Where the code stood then: stacks of what it had begun to wait for last, oldest first. */
      readonly stacks: readonly string[];
    };

/** What to replay. */
export interface ReplayOptions extends WorkflowThreadOptions {
  /** The code to try; the history may have been made by another revision. */
  readonly revision: Revision;
  /** As the client's `fetchHistory` gives it, or as JSON. */
  readonly history: unknown;
  readonly workflowId: string;
}

/**
 * Replays a history on a revision's code, in threads of its own and without a server. Sinks are not called.
 *
 * @param options what to replay
 * @returns whether the code fits, and if not, why
 */
export async function replayHistory(options: ReplayOptions): Promise<ReplayOutcome> {
  let failure: ActivationFailure | undefined;
  const standing = new Standing();
  const hooks = {
    withoutSinks: true as const,
    loadRevision: async () => options.revision,
    onActivated: (_: unknown, lastEventId: number, stacks: readonly string[]) => standing.moved(lastEventId, stacks),
    onActivationFailed: (_: unknown, reported: ActivationFailure) => {
      failure ??= reported;
    },
  };
  const threads = { ...options, stacks: true };
  try {
    await replayWithSdk(
      async (_, logger) => (await openMultiplexer(threads, hooks, ["default"], logger)).multiplexer,
      options.history,
      options.workflowId,
    );
    if (failure === undefined) return { status: "fits" };
  } catch (error) {
    const unfit = error instanceof Error && error.name === "DeterminismViolationError";
    if (failure === undefined && !unfit) throw error;
    failure ??= describeError("nondeterminism", error);
  }
  return { status: "unfit", failure, lastEventId: standing.lastEventId, stacks: standing.newest };
}

/** Where code stands in the course of a replay. */
class Standing {
  lastEventId = 0;
  /** The stacks that the last activation added; all of them where it added none. */
  newest: readonly string[] = [];
  #all: ReadonlySet<string> = new Set();

  moved(lastEventId: number, stacks: readonly string[]): void {
    const added = stacks.filter((stack) => !this.#all.has(stack));
    this.lastEventId = lastEventId;
    this.newest = added.length > 0 ? added : stacks;
    this.#all = new Set(stacks);
  }
}
