import { describeError } from "./activation-report";
import { openMultiplexer, type WorkflowThreadOptions } from "./open-multiplexer";
import type { ActivationFailure, Revision } from "./revision";
import { replayWithSdk } from "./sdk-worker";

/** Whether a revision's code can go on from a recorded history. */
export type ReplayOutcome =
  | { readonly status: "fits" }
  | { readonly status: "unfit"; readonly failure: ActivationFailure };

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
  const hooks = {
    loadRevision: async () => options.revision,
    onActivationFailed: (_: unknown, reported: ActivationFailure) => {
      failure ??= reported;
    },
  };
  try {
    await replayWithSdk(
      async (_, logger) => (await openMultiplexer(options, hooks, ["default"], logger)).multiplexer,
      options.history,
      options.workflowId,
    );
    return failure === undefined ? { status: "fits" } : { status: "unfit", failure };
  } catch (error) {
    const unfit = error instanceof Error && error.name === "DeterminismViolationError";
    if (failure === undefined && !unfit) throw error;
    return { status: "unfit", failure: failure ?? describeError("nondeterminism", error) };
  }
}
