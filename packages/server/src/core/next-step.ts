import { FAILURE_TYPES, type NextStep, type OpenGate, type Task, type TaskFailure } from "@ntro/contract";
import {
  expectedEntries,
  isAnswerable,
  type LiveGate,
  liveGates,
  shownGates,
  slotsOf,
  type WorkflowState,
} from "./child-slots";

const LOOK_AGAIN_S = { starting: 1, working: 3, failing: 10 } as const;
const SUBMIT_TOOL = "ntro_task_file_ingest";
const REVIEW_TOOLS = ["ntro_task_approve", "ntro_task_reject"];

/** A task as far as its next step depends on it. */
export type SteppedTask = Pick<Task, "id" | "status" | "failure" | "result">;

/**
 * What to do next about a task: the first open gate that somebody can answer, the task's own before its children's, so that whoever asks never sees children. `states` is what the task and
 * its running children say of themselves, the task first; not looked at once the task has ended or its code is failing.
 */
export function nextStep(task: SteppedTask, states: readonly WorkflowState[]): NextStep {
  if (task.status === "COMPLETED") return { action: "done", ...leaf(task.id), result: task.result ?? null };
  if (task.status === "FAILED")
    return { action: "error_terminal", ...leaf(task.id), failure: task.failure ?? unknownFailure };
  if (task.failure?.type === FAILURE_TYPES.codeFailing) return codeFailing(task, task.failure);
  const gates = shownGates(liveGates(states));
  const first = gates.find(isAnswerable);
  if (first)
    return first.gate.kind === "interactive_review"
      ? review(task.id, first, gates, states)
      : submitFile(task.id, first, gates);
  const starting = task.status === "PENDING" || task.status === "READY";
  const step = states[0]?.state.current_step ?? null;
  const reason = starting ? "The task is starting." : "The task is working.";
  return {
    action: "wait",
    ...leaf(task.id),
    step_id: step,
    reason,
    retry_after_s: starting ? LOOK_AGAIN_S.starting : LOOK_AGAIN_S.working,
  };
}

const unknownFailure: TaskFailure = { type: "Unknown", message: "The task failed." };

function codeFailing(task: SteppedTask, failure: TaskFailure): NextStep {
  return {
    action: "wait",
    ...leaf(task.id),
    reason: `workflow code failing: ${failure.message}`,
    retry_after_s: LOOK_AGAIN_S.failing,
  };
}

/** A task whose code cannot be asked now: its host is starting, or away. What it waits for is not known until it answers. */
export function unreachableStep(task: Pick<Task, "id">, message: string): NextStep {
  return { action: "unknown", ...leaf(task.id), reason: message };
}

function leaf(taskId: string) {
  return { task_id: taskId, root_task_id: taskId, step_id: null, reason: null, display_hint: null };
}

function gateLeaf(rootId: string, { workflowId, gate }: LiveGate) {
  return {
    task_id: workflowId,
    root_task_id: rootId,
    step_id: gate.step_id,
    reason: gate.action.reason ?? gate.title,
    display_hint: gate.action.display_hint ?? null,
    gate: gate.token,
  };
}

function openGates(gates: readonly LiveGate[]): OpenGate[] {
  return gates.map(({ gate }) => gate);
}

function submitFile(rootId: string, live: LiveGate, gates: readonly LiveGate[]): NextStep {
  const slots = slotsOf(live.gate);
  const pending = slots.find((slot) => slot.status === "pending") ?? slots[0];
  return {
    action: "submit_file",
    ...gateLeaf(rootId, live),
    tool: live.gate.action.tool ?? SUBMIT_TOOL,
    args: {
      ...live.gate.action.args,
      ...expectedEntries(live.gate).find(({ source }) => source === pending?.source)?.args,
      ...(pending ? { source: pending.source } : {}),
      task_id: rootId,
      gate: live.gate.token,
    },
    ...(live.gate.kind === "submit_files" ? { expected: [...slots] } : {}),
    gates: openGates(gates),
  };
}

function review(
  rootId: string,
  live: LiveGate,
  gates: readonly LiveGate[],
  states: readonly WorkflowState[],
): NextStep {
  const { action } = live.gate;
  const feedback = action.feedback ?? states.find((state) => state.workflowId === live.workflowId)?.state.feedback;
  return {
    action: "review",
    ...gateLeaf(rootId, live),
    tools: action.tools ?? REVIEW_TOOLS,
    payload: action.payload ?? null,
    ...(action.checks ? { checks: action.checks } : {}),
    ...(feedback ? { feedback } : {}),
    gates: openGates(gates),
  };
}
