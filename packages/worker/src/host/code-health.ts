import { FAILURE_TYPES, type StateReport } from "@ntro/contract";
import { type ActivationFailure, type ExecutionInfo, mapStack } from "./mux";
import type { Revisions } from "./revisions";

/** What the author needs to know of workflow code that fails; frames read as the author's files and lines. */
export async function codeFailing(
  info: ExecutionInfo,
  failure: ActivationFailure,
  revisions: Pick<Revisions, "load">,
): Promise<StateReport> {
  const sourceMap = await revisions.load(info.workflowType).then(
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

function messageOf(failure: ActivationFailure): string {
  if (failure.kind === "timeout")
    return "The workflow code ran for seconds without waiting for anything (an endless loop?).";
  return failure.type && failure.type !== "Error" ? `${failure.type}: ${failure.message}` : failure.message;
}
