import {
  type ChildState,
  type EventType,
  FAILURE_TYPES,
  type GateSummary,
  type NtroState,
  type OpenGate,
  parseWorkflowType,
  type StateReport,
  type StepState,
  type TaskFailure,
  type TaskStatus,
} from "@ntro/contract";
import { waitingGates } from "./waiting-gates";

/** What the server last heard of one workflow of a task. */
export interface HeardState {
  readonly workflowId: string;
  readonly runId: string;
  /** -1 when no state was heard yet. */
  readonly seq: number;
  readonly steps: readonly StepState[];
  readonly currentStep: string | null;
  readonly gates: readonly GateSummary[];
  readonly children: readonly ChildState[];
  readonly codeFailing: TaskFailure | null;
  readonly reportedAt: Date;
}

/** An event of a task, before it has an id. */
export interface TaskEvent {
  readonly type: EventType;
  readonly data: Record<string, unknown>;
}

export interface TakenReport {
  readonly state: HeardState;
  readonly events: readonly TaskEvent[];
}

/** A report put on top of what was heard before; undefined when it tells nothing new (older, or a repetition). */
export function takeReport(previous: HeardState | undefined, report: StateReport): TakenReport | undefined {
  if (report.kind === "state") return takeState(previous, report);
  const base = previous ?? unheard(report);
  const where = { workflowId: report.workflow_id, runbook: runbookOf(report) };
  if (report.kind === "code_recovered")
    return base.codeFailing === null
      ? undefined
      : { state: { ...base, codeFailing: null }, events: [{ type: "task.code_recovered", data: where }] };
  const failure: TaskFailure = { ...report.failure, type: FAILURE_TYPES.codeFailing };
  if (base.codeFailing?.message === failure.message) return undefined;
  return {
    state: { ...base, codeFailing: failure },
    events: [{ type: "task.code_failing", data: { ...where, message: failure.message } }],
  };
}

type StateOf = Extract<StateReport, { kind: "state" }>;

function takeState(previous: HeardState | undefined, report: StateOf): TakenReport | undefined {
  if (previous && !isNewer(previous, report)) return undefined;
  const state: HeardState = {
    workflowId: report.workflow_id,
    runId: report.run_id,
    seq: report.seq,
    steps: report.steps,
    currentStep: report.current_step,
    gates: report.closing === null ? report.gates : [],
    children: report.children,
    // Workflow code that tells a new state has got past what failed.
    codeFailing: null,
    reportedAt: new Date(report.at),
  };
  const where = { workflowId: report.workflow_id, runbook: runbookOf(report) };
  const recovered: TaskEvent[] = previous?.codeFailing ? [{ type: "task.code_recovered", data: where }] : [];
  return {
    state,
    events: [
      ...recovered,
      ...stepEvents(previous?.steps ?? [], state.steps, where),
      ...gateEvents(previous?.gates ?? [], state.gates, where),
    ],
  };
}

/** Within a run the sequence number orders; a run that continued as new, or was started again by a retry, begins from the start. */
function isNewer(previous: HeardState, report: StateOf): boolean {
  if (previous.seq < 0 || report.run_id === previous.runId) return report.seq > previous.seq;
  return new Date(report.at) >= previous.reportedAt;
}

function unheard(report: StateReport): HeardState {
  return {
    workflowId: report.workflow_id,
    runId: report.run_id,
    seq: -1,
    steps: [],
    currentStep: null,
    gates: [],
    children: [],
    codeFailing: null,
    reportedAt: new Date(report.at),
  };
}

function runbookOf(report: StateReport): string {
  return parseWorkflowType(report.workflow_type)?.slug ?? report.workflow_type;
}

function stepEvents(
  before: readonly StepState[],
  after: readonly StepState[],
  where: Record<string, unknown>,
): TaskEvent[] {
  const types = {
    pending: undefined,
    active: "task.step_started",
    completed: "task.step_completed",
    failed: "task.step_failed",
  } as const;
  return after.flatMap((step) => {
    const type = types[step.status];
    const was = before.find((candidate) => candidate.id === step.id)?.status ?? "pending";
    return type === undefined || was === step.status
      ? []
      : [{ type, data: { ...where, stepId: step.id, title: step.title } }];
  });
}

function gateEvents(
  before: readonly GateSummary[],
  after: readonly GateSummary[],
  where: Record<string, unknown>,
): TaskEvent[] {
  const data = (gate: GateSummary) => ({
    ...where,
    gate: gate.token,
    kind: gate.kind,
    component: gate.component,
    stepId: gate.step_id,
    title: gate.title,
  });
  const within = (gate: GateSummary, gates: readonly GateSummary[]) =>
    gates.some((other) => other.token === gate.token);
  return [
    ...before
      .filter((gate) => !within(gate, after))
      .map((gate): TaskEvent => ({ type: "task.gate_closed", data: data(gate) })),
    ...after
      .filter((gate) => !within(gate, before))
      .map((gate): TaskEvent => ({ type: "task.gate_opened", data: data(gate) })),
  ];
}

/** What the row of an open task shows. */
export interface ProjectedTask {
  readonly status: Extract<TaskStatus, "READY" | "IN_PROGRESS" | "BLOCKED">;
  /** The task's own ladder. */
  readonly steps: readonly StepState[];
  /** Its gates and those of its children that still run, its own first. */
  readonly gates: readonly GateSummary[];
  /** Only while code is failing. */
  readonly failure: TaskFailure | null;
}

/** The row of an open task from everything heard of it and its children. A task that waits for a person, or whose code is failing, is BLOCKED. */
export function projectTask(taskId: string, states: readonly HeardState[]): ProjectedTask {
  const running = runningStates(taskId, states);
  const root = running.find((state) => state.workflowId === taskId);
  const gates = waitingGates(running);
  const failure = running.find((state) => state.codeFailing !== null)?.codeFailing ?? null;
  const status = failure !== null || gates.length > 0 ? "BLOCKED" : states.length > 0 ? "IN_PROGRESS" : "READY";
  return { status, steps: root?.steps ?? [], gates, failure };
}

/** The task first, then its children that have not ended, in the order they were started. */
function runningStates(taskId: string, states: readonly HeardState[]): HeardState[] {
  const byId = new Map(states.map((state) => [state.workflowId, state]));
  const seen = new Set<string>();
  const follow = (workflowId: string): HeardState[] => {
    const state = byId.get(workflowId);
    if (!state || seen.has(workflowId)) return [];
    seen.add(workflowId);
    return [
      state,
      ...state.children.filter((child) => child.status === "running").flatMap((child) => follow(child.workflow_id)),
    ];
  };
  return follow(taskId).concat(orphans(states, seen));
}

/** A child's report may overtake the one in which its parent names it. */
function orphans(states: readonly HeardState[], seen: ReadonlySet<string>): HeardState[] {
  const ended = new Set(
    states.flatMap((state) =>
      state.children.filter((child) => child.status !== "running").map((child) => child.workflow_id),
    ),
  );
  return states.filter(
    (state) => !seen.has(state.workflowId) && !ended.has(state.workflowId) && !endedAbove(state.workflowId, ended),
  );
}

/** Whether one of the workflows above it has ended; ids of children begin with their parent's. */
function endedAbove(workflowId: string, ended: ReadonlySet<string>): boolean {
  return [...ended].some((id) => workflowId.startsWith(`${id}:`));
}

/** What a gate looks like in rows and events: no payload. */
export function summariseGate(workflowId: string, gate: OpenGate): GateSummary {
  const sources = gate.slots?.filter((slot) => slot.status === "pending").map((slot) => slot.source);
  return {
    token: gate.token,
    workflow_id: workflowId,
    kind: gate.kind,
    step_id: gate.step_id,
    component:
      gate.action.display_hint?.component ?? (gate.kind === "interactive_review" ? "APPROVAL_FORM" : "FILE_UPLOAD"),
    title: gate.title,
    opened_at: gate.opened_at,
    ...(gate.due_at === undefined ? {} : { due_at: gate.due_at }),
    ...(sources === undefined ? {} : { sources }),
  };
}

/** The reports that were lost: of the workflows that are further than was heard of them. */
export function asReports(
  states: readonly { readonly workflowId: string; readonly state: NtroState }[],
  heard: readonly HeardState[],
  task: { readonly runId: string | null; readonly workflowType: string; readonly at: Date },
): StateReport[] {
  return states.flatMap(({ workflowId, state }): StateReport[] => {
    const known = heard.find((candidate) => candidate.workflowId === workflowId);
    if (known && known.seq >= state.seq) return [];
    const child = states.flatMap((other) => other.state.children).find((each) => each.workflow_id === workflowId);
    // Of the same run as before: a report under another run's id would count as the beginning of a new one.
    const runId = known?.runId ?? (child ? child.run_id : task.runId);
    if (!runId) return [];
    return [
      {
        kind: "state",
        workflow_id: workflowId,
        run_id: runId,
        workflow_type: child?.slug ?? task.workflowType,
        at: task.at.toISOString(),
        seq: state.seq,
        steps: state.steps,
        current_step: state.current_step,
        gates: state.gates.map((gate) => summariseGate(workflowId, gate)),
        children: state.children,
        closing: null,
      },
    ];
  });
}
