import { FAILURE_TYPES, type StateReport } from "@ntro/contract";
import { type ActivationFailure, type ExecutionInfo, mapStack } from "./mux";
import type { Revisions } from "./revisions";

/** Knows of which runs a recovery has to be told: of those whose code was reported as failing, and of those that were repaired, as another host may have reported them. */
export class CodeHealth {
  readonly #failing = new Set<string>();
  /** By run the code that was told to work. */
  readonly #repaired = new Map<string, string>();

  failed({ runId }: ExecutionInfo): void {
    this.#failing.add(runId);
  }

  /** Whether the first good activation after a failure or a repair is to be told; asking settles it. */
  worksAgain({ runId, workflowType, codeType }: ExecutionInfo): boolean {
    const failed = this.#failing.delete(runId);
    if (codeType === (this.#repaired.get(runId) ?? workflowType)) return failed;
    this.#repaired.set(runId, codeType);
    return true;
  }
}

/** What the author needs to know of workflow code that fails; frames read as the author's files and lines. */
export async function codeFailing(
  info: ExecutionInfo,
  failure: ActivationFailure,
  revisions: Pick<Revisions, "load">,
): Promise<StateReport> {
  const sourceMap = await revisions.load(info.codeType).then(
    ({ revision }) => revision.sourceMap,
    () => undefined,
  );
  const stackTrace = failure.stackTrace === undefined ? null : mapStack(failure.stackTrace, sourceMap);
  return {
    kind: "code_failing",
    ...about(info),
    failure: { type: FAILURE_TYPES.codeFailing, message: messageOf(failure), stackTrace },
  };
}

/** The code works again. */
export function codeRecovered(info: ExecutionInfo): StateReport {
  return { kind: "code_recovered", ...about(info) };
}

function about({ workflowId, runId, workflowType }: ExecutionInfo) {
  return { workflow_id: workflowId, run_id: runId, workflow_type: workflowType, at: new Date().toISOString() };
}

/** How a failed activation reads. */
export function messageOf(failure: ActivationFailure): string {
  if (failure.kind === "timeout")
    return "The workflow code ran for seconds without waiting for anything (an endless loop?).";
  return failure.type && failure.type !== "Error" ? `${failure.type}: ${failure.message}` : failure.message;
}
