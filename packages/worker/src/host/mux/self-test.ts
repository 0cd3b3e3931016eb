import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";
import type { Activation, ActivationCompletion, RevisionRef } from "./protocol";
import type { Prelude } from "./revision";
import type { WorkflowThread } from "./thread-client";

const TYPE = "ntro-self-test";
const TEXT = `exports.default = async function () { return require("@temporalio/workflow").workflowInfo().workflowType; };`;

/**
 * Runs a workflow of one line through a thread: opens the prelude's context, evaluates a module, activates it, and looks
 * at the command it gives.
 *
 * @param thread to test
 * @param prelude to test with
 * @throws Error that says at which point the SDK or the prelude does not behave as expected
 */
export async function selfTestThread(thread: WorkflowThread, prelude: Prelude): Promise<void> {
  const runId = `${TYPE}-${crypto.randomUUID()}`;
  const ref: RevisionRef = { type: TYPE, key: TYPE + prelude.digest, preludeDigest: prelude.digest };
  try {
    await thread.request({ type: "prelude", digest: prelude.digest, code: prelude.code });
    await thread.request({ type: "revision", ref, workflow: TEXT });
    await thread.request({ type: "create", ref, options: createOptions(runId) });
    const result = await thread.request({ type: "activate", runId, activation: firstActivation(runId) });
    if (result.type !== "activated") throw new Error(`the thread answered ${result.type}`);
    assertCompleted(result.completion);
    await thread.request({ type: "dispose", runId });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`The workflow multiplexer failed its self-test: ${message}`, { cause: error });
  }
}

function assertCompleted(completion: ActivationCompletion): void {
  const failure = completion.failed?.failure?.message;
  if (failure != null) throw new Error(`the test workflow failed: ${failure}`);
  const data = completion.successful?.commands?.[0]?.completeWorkflowExecution?.result?.data;
  const result = data == null ? "" : new TextDecoder().decode(data);
  if (result !== JSON.stringify(TYPE))
    throw new Error(`the test workflow returned ${result === "" ? "nothing" : result}`);
}

function firstActivation(runId: string): Activation {
  return {
    runId,
    timestamp: { seconds: 1, nanos: 0 } as unknown as Activation["timestamp"],
    historyLength: 3,
    isReplaying: false,
    jobs: [{ initializeWorkflow: { workflowId: TYPE, workflowType: TYPE, arguments: [], attempt: 1 } }],
  };
}

function createOptions(runId: string): WorkflowCreateOptions {
  const info = {
    workflowId: TYPE,
    runId,
    workflowType: TYPE,
    searchAttributes: {},
    taskQueue: TYPE,
    namespace: TYPE,
    firstExecutionRunId: runId,
    startTime: new Date(1000),
    runStartTime: new Date(1000),
    taskTimeoutMs: 10_000,
    attempt: 1,
    historyLength: 3,
    historySize: 0,
    continueAsNewSuggested: false,
    unsafe: { isReplaying: false, isReplayingHistoryEvents: false },
  };
  return {
    info: info as unknown as WorkflowCreateOptions["info"],
    randomnessSeed: [1, 2, 3, 4, 5, 6, 7, 8],
    now: 1000,
    showStackTraceSources: false,
    failureExceptionTypeNames: [],
  };
}
