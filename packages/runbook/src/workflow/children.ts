import { childWorkflowId } from "@ntro/contract/names";
import { ApplicationFailure, ParentClosePolicy, startChild, workflowInfo } from "@temporalio/workflow";
import * as z from "zod";
import type { ChildDeclaration } from "../runbook";
import type { ChildLock } from "./child-lock";
import type { StepRun } from "./step-run";
import type { TaskState } from "./task-state";

type Json = Record<string, unknown>;
type StartOne = (input: Json, options?: { source?: string }) => Promise<unknown>;

/** How long a workflow task may take; short, so that a host that dies delays a task little. */
const WORKFLOW_TASK_TIMEOUT = "5s";

/** What starting a child takes from its parent. */
export interface Parent {
  readonly state: TaskState;
  readonly lock: ChildLock;
  readonly carried: Carried;
}

/** What a child's input carries besides the author's: `identity` always, `inherited` where the author gives no other. */
interface Carried {
  readonly identity: Json;
  readonly inherited: Json;
}

/** The children of a workflow, ready to be started from any of its steps. */
export function childCalls(children: Record<string, ChildDeclaration>, parent: Parent) {
  return (step: StepRun) =>
    Object.fromEntries(
      Object.entries(children).map(([key, child]) => {
        const one: StartOne = (input, options) =>
          step.begin(
            `the child ${key}`,
            runChild(child, input, { ...parent, stepId: step.stepId, source: options?.source }),
          );
        const all = (inputs: Record<string, Json>) => step.begin(`the children ${key}`, runAll(one, inputs));
        return [key, Object.assign(one, { all })];
      }),
    );
}

/** All of them to their ends, so that none is left behind; then the first failure, if any. */
async function runAll(one: StartOne, inputs: Record<string, Json>): Promise<Json> {
  const entries = Object.entries(inputs);
  const outcomes = await Promise.allSettled(entries.map(([source, input]) => one(input, { source })));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return Object.fromEntries(
    entries.map(([source], place) => {
      const outcome = outcomes[place];
      return [source, outcome?.status === "fulfilled" ? outcome.value : undefined];
    }),
  );
}

interface ChildPlace extends Parent {
  readonly stepId: string;
  readonly source: string | undefined;
}

async function runChild(
  child: ChildDeclaration,
  input: Json,
  { state, lock, stepId, carried, source }: ChildPlace,
): Promise<unknown> {
  const slug = typeof child === "string" ? child : child.slug;
  const { workflowId: parent } = workflowInfo();
  const locked = lock.revisionOf(slug);
  if (!locked)
    throw ApplicationFailure.nonRetryable(
      `The child runbook "${slug}" was not deployed when this task started.`,
      "ChildNotDeployed",
    );
  const workflowId = childWorkflowId(parent, stepId, slug, source);
  if (state.children.get(workflowId)?.status === "running")
    throw new Error(
      `The step "${stepId}" has the child "${slug}" running already; tell several apart by their \`source\`.`,
    );
  const given = typeof child === "string" ? input : fitting(child.input, input, `The input of the child "${slug}"`);
  let run_id: string | undefined;
  const record = (status: "running" | "completed" | "failed") => {
    state.children.set(workflowId, { workflow_id: workflowId, run_id, slug, step_id: stepId, status });
    state.changed();
  };
  record("running");
  let result: unknown;
  try {
    const handle = await startChild(locked.type, {
      workflowId,
      taskQueue: locked.queue,
      args: [{ ...carried.inherited, ...(given as Json), ...carried.identity }],
      memo: lock.memo(),
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
    run_id = handle.firstExecutionRunId;
    record("running");
    result = await handle.result();
  } catch (error) {
    record("failed");
    throw error;
  }
  record("completed");
  return typeof child === "string" ? result : fitting(child.output, result, `The result of the child "${slug}"`);
}

/** The value as the schema writes it. Throws an `Error`, for two runbooks that do not fit each other are a bug that can be mended. */
function fitting(schema: z.ZodType, value: unknown, what: string): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`${what} does not fit its schema. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
