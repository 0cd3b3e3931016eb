import { childWorkflowId, type Lock, MEMO } from "@ntro/contract/names";
import { ApplicationFailure, ParentClosePolicy, startChild, workflowInfo } from "@temporalio/workflow";
import type { ChildRunbook } from "../runbook";
import type { TaskState } from "./task-state";

type Declared = string | ChildRunbook;
type StartOne = (input: Record<string, unknown>, options?: { source?: string }) => Promise<unknown>;

/** How long a workflow task may take; short, so that a host that dies delays a task little. */
const WORKFLOW_TASK_TIMEOUT = "5s";

/** The children of a runbook as functions of one step. `identity` is what every input carries besides the author's. */
export function bindChildren(
  children: Record<string, Declared>,
  state: TaskState,
  stepId: string,
  identity: Record<string, unknown>,
) {
  return Object.fromEntries(
    Object.entries(children).map(([key, child]) => {
      const one: StartOne = (input, options) =>
        runChild(child, input, { state, stepId, identity, source: options?.source });
      const all = (inputs: Record<string, Record<string, unknown>>) => runAll(one, inputs);
      return [key, Object.assign(one, { all })];
    }),
  );
}

/** All of them to their ends, so that none is left behind; then the first failure, if any. */
async function runAll(
  one: StartOne,
  inputs: Record<string, Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const keys = Object.keys(inputs);
  const outcomes = await Promise.allSettled(keys.map((source) => one(inputs[source] ?? {}, { source })));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return Object.fromEntries(
    outcomes.map((outcome, index) => [keys[index], outcome.status === "fulfilled" ? outcome.value : undefined]),
  );
}

interface ChildPlace {
  readonly state: TaskState;
  readonly stepId: string;
  readonly identity: Record<string, unknown>;
  readonly source: string | undefined;
}

async function runChild(
  child: Declared,
  input: Record<string, unknown>,
  { state, stepId, identity, source }: ChildPlace,
): Promise<unknown> {
  const slug = typeof child === "string" ? child : child.slug;
  const memo = workflowInfo().memo ?? {};
  const locked = (memo[MEMO.lock] as Lock | undefined)?.[slug];
  if (!locked)
    throw ApplicationFailure.nonRetryable(
      `The child runbook "${slug}" was not deployed when this task started.`,
      "ChildNotDeployed",
    );
  const given = typeof child === "string" ? input : (child.input.parse(input) as Record<string, unknown>);
  const workflowId = childWorkflowId(workflowInfo().workflowId, stepId, slug, source);
  const handle = await startChild(locked.type, {
    workflowId,
    taskQueue: locked.queue,
    args: [{ ...identity, ...given }],
    memo,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });
  const record = (status: "running" | "completed" | "failed") => {
    state.children.set(workflowId, {
      workflow_id: workflowId,
      run_id: handle.firstExecutionRunId,
      slug,
      step_id: stepId,
      status,
    });
    state.changed();
  };
  record("running");
  try {
    const result = await handle.result();
    record("completed");
    return typeof child === "string" ? result : child.output.parse(result);
  } catch (error) {
    record("failed");
    throw error;
  }
}
