import type { GateSummary, NtroState, OpenGate, StateReport, StepState } from "@ntro/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep } from "./next-step";
import { asReports, type HeardState, projectTask, takeReport } from "./project-state";

const TASK = "11111111-1111-4111-8111-111111111111";
const CHILD = `${TASK}:collect:ingest`;
const step = (id: string, status: StepState["status"]): StepState => ({ id, title: id, status });
const summary = (token: string, workflow_id = TASK): GateSummary => ({
  token,
  workflow_id,
  kind: "interactive_review",
  step_id: "s",
  component: "DATA_TABLE",
  title: token,
  opened_at: "2026-01-01T00:00:00Z",
});
type StateOf = Extract<StateReport, { kind: "state" }>;
const report = (over: Partial<StateOf>): StateReport => ({
  kind: "state",
  workflow_id: TASK,
  run_id: "r1",
  workflow_type: "nav@1.0.0+0123456789ab",
  at: "2026-01-01T00:00:01Z",
  seq: 1,
  steps: [step("a", "active"), step("b", "pending")],
  current_step: "a",
  gates: [],
  children: [],
  closing: null,
  ...over,
});
const failing: StateReport = {
  kind: "code_failing",
  workflow_id: TASK,
  run_id: "r1",
  workflow_type: "nav@1.0.0+0123456789ab",
  at: "2026-01-01T00:00:02Z",
  failure: { type: "TypeError", message: "x is undefined" },
};
const recovered: StateReport = {
  kind: "code_recovered",
  workflow_id: TASK,
  run_id: "r1",
  workflow_type: "nav@1.0.0+0123456789ab",
  at: "2026-01-01T00:00:03Z",
};
const take = (...reports: StateReport[]) =>
  reports.reduce<{ state: HeardState | undefined; events: string[] }>(
    ({ state, events }, next) => {
      const taken = takeReport(state, next);
      return { state: taken?.state ?? state, events: [...events, ...(taken?.events ?? []).map((event) => event.type)] };
    },
    { state: undefined, events: [] },
  );

describe("reports", () => {
  it("tell steps and gates once, however often they come", () => {
    const opened = report({ seq: 2, gates: [summary("g")] });
    const closed = report({ seq: 3, steps: [step("a", "completed"), step("b", "active")] });
    const { events, state } = take(report({}), report({}), opened, opened, report({}), closed);
    expect(events).toEqual([
      "task.step_started",
      "task.gate_opened",
      "task.step_completed",
      "task.step_started",
      "task.gate_closed",
    ]);
    expect(state?.seq).toBe(3);
  });

  it("are read in whatever order they arrive: the newest stays", () => {
    const all = [1, 2, 3, 4, 5].map((seq) =>
      report({ seq, current_step: String(seq), gates: seq % 2 ? [summary(`g${seq}`)] : [] }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 5 }), (order) => {
        expect(take(...order).state).toMatchObject({ seq: 5, currentStep: "5" });
      }),
    );
  });

  it("of a new run begin again, of an old one are left out", () => {
    const next = report({ run_id: "r2", seq: 1, at: "2026-01-02T00:00:00Z" });
    expect(take(report({ seq: 9 }), next).state).toMatchObject({ runId: "r2", seq: 1 });
    expect(take(report({ seq: 9 }), next, report({ seq: 10 })).state).toMatchObject({ runId: "r2", seq: 1 });
  });

  it("of a workflow that is closing end its gates", () => {
    expect(
      take(report({ gates: [summary("g")] }), report({ seq: 2, gates: [summary("g")], closing: "completed" })).state
        ?.gates,
    ).toEqual([]);
  });

  it("tell failing code once, until it recovers or tells a new state", () => {
    const first = take(report({}), failing, failing);
    expect(first.events).toEqual(["task.step_started", "task.code_failing"]);
    expect(first.state?.codeFailing).toMatchObject({ type: "CodeFailing", message: "x is undefined" });
    expect(take(report({}), failing, recovered, recovered).events).toEqual([
      "task.step_started",
      "task.code_failing",
      "task.code_recovered",
    ]);
    expect(take(report({}), failing, report({ seq: 2 })).state?.codeFailing).toBeNull();
    expect(take(failing, report({ seq: 0 })).state).toMatchObject({ seq: 0, codeFailing: null });
  });
});

describe("the task's row", () => {
  const heard = (over: Partial<HeardState>): HeardState => ({
    workflowId: TASK,
    runId: "r1",
    seq: 1,
    steps: [step("a", "active")],
    currentStep: "a",
    gates: [],
    children: [],
    codeFailing: null,
    reportedAt: new Date(0),
    ...over,
  });
  const child = (status: "running" | "completed") => ({
    workflow_id: CHILD,
    slug: "ingest",
    step_id: "collect",
    status,
  });

  it("waits for a person when a gate is open, of the task or of a child that runs", () => {
    expect(projectTask(TASK, []).status).toBe("READY");
    expect(projectTask(TASK, [heard({})]).status).toBe("IN_PROGRESS");
    expect(projectTask(TASK, [heard({ gates: [summary("g")] })])).toMatchObject({
      status: "BLOCKED",
      gates: [{ token: "g" }],
    });
    const below = heard({ workflowId: CHILD, gates: [summary("c", CHILD)], steps: [step("x", "active")] });
    expect(projectTask(TASK, [heard({ children: [child("running")], gates: [summary("g")] }), below])).toMatchObject({
      status: "BLOCKED",
      steps: [{ id: "a" }],
      gates: [{ token: "g" }, { token: "c" }],
    });
    expect(projectTask(TASK, [heard({ children: [child("completed")] }), below])).toMatchObject({
      status: "IN_PROGRESS",
      gates: [],
    });
  });
  it("shows a child whose report came before its parent's, but none below one that has ended", () => {
    const below = heard({ workflowId: CHILD, gates: [summary("c", CHILD)] });
    expect(projectTask(TASK, [heard({}), below]).gates).toHaveLength(1);
    const grandchild = heard({ workflowId: `${CHILD}:x:ocr`, gates: [summary("d")] });
    expect(projectTask(TASK, [heard({ children: [child("completed")] }), grandchild]).gates).toEqual([]);
  });
  it("is BLOCKED while code is failing", () => {
    expect(projectTask(TASK, [heard({ codeFailing: { type: "CodeFailing", message: "m" } })])).toMatchObject({
      status: "BLOCKED",
      failure: { type: "CodeFailing" },
    });
  });
});

const openGate = (token: string, kind: OpenGate["kind"], over: Partial<OpenGate> = {}): OpenGate => ({
  token,
  kind,
  step_id: "s",
  opened_at: "2026-01-01T00:00:00Z",
  title: `Title ${token}`,
  reason_required: false,
  action: { kind, payload: { rows: [] }, display_hint: { component: "DATA_TABLE", config: {} } },
  ...over,
});
const state = (over: Partial<NtroState>): NtroState => ({
  seq: 1,
  steps: [],
  current_step: "a",
  gates: [],
  children: [],
  feedback: null,
  snapshots: {},
  ...over,
});

describe("the next step", () => {
  const task = { id: TASK, status: "IN_PROGRESS" as const, failure: null };

  it("is the first open gate, a child's when the task has none", () => {
    const own = { workflowId: TASK, state: state({ gates: [openGate("g", "interactive_review")] }) };
    const below = {
      workflowId: CHILD,
      state: state({
        gates: [
          openGate("c", "submit_file", { slots: [{ source: "tb", accept: [], max_size_mb: 1, status: "pending" }] }),
        ],
      }),
    };
    expect(nextStep(task, [own, below])).toMatchObject({
      action: "review",
      task_id: TASK,
      gate: "g",
      reason: "Title g",
      gates: [{ token: "g" }, { token: "c" }],
    });
    expect(nextStep(task, [{ workflowId: TASK, state: state({}) }, below])).toMatchObject({
      action: "submit_file",
      task_id: CHILD,
      root_task_id: TASK,
      gate: "c",
      tool: "ntro_task_file_ingest",
      args: { source: "tb", gate: "c", task_id: TASK },
    });
  });
  it("of several files is the first that is missing, with all of them", () => {
    const slots = [
      { source: "tb", accept: [], max_size_mb: 1, status: "completed" as const },
      { source: "rr", accept: [], max_size_mb: 1, status: "pending" as const },
    ];
    const several = { workflowId: TASK, state: state({ gates: [openGate("g", "submit_files", { slots })] }) };
    expect(nextStep(task, [several])).toMatchObject({ action: "submit_file", args: { source: "rr" }, expected: slots });
  });
  it("is to wait while it works, starts, or its code fails", () => {
    expect(nextStep(task, [{ workflowId: TASK, state: state({}) }])).toMatchObject({
      action: "wait",
      step_id: "a",
      retry_after_s: 3,
    });
    expect(nextStep({ ...task, status: "PENDING" }, [])).toMatchObject({ action: "wait", retry_after_s: 1 });
    const broken = nextStep({ ...task, status: "BLOCKED", failure: { type: "CodeFailing", message: "x" } }, []);
    expect(broken).toMatchObject({ action: "wait", reason: "workflow code failing: x" });
  });
  it("is none once it has ended", () => {
    expect(nextStep({ ...task, status: "COMPLETED", result: { nav: "1" } }, [])).toMatchObject({
      action: "done",
      result: { nav: "1" },
    });
    expect(nextStep({ ...task, status: "FAILED", failure: { type: "X", message: "m" } }, [])).toMatchObject({
      action: "error_terminal",
      failure: { type: "X" },
    });
  });
});

describe("reports that were lost", () => {
  const at = new Date("2026-01-01T00:00:00Z");
  it("are those of workflows that are further than was heard", () => {
    const gates = [
      openGate("c", "submit_file", { slots: [{ source: "tb", accept: [], max_size_mb: 1, status: "pending" }] }),
    ];
    const children = [{ workflow_id: CHILD, run_id: "rc", slug: "ingest", step_id: "s", status: "running" as const }];
    const states = [
      { workflowId: TASK, state: state({ seq: 4, children }) },
      { workflowId: CHILD, state: state({ seq: 2, gates }) },
    ];
    const heard = takeReport(undefined, report({ seq: 4 }))?.state;
    const reports = asReports(states, heard ? [heard] : [], { runId: "r1", workflowType: "nav", at });
    expect(reports).toMatchObject([
      {
        workflow_id: CHILD,
        run_id: "rc",
        workflow_type: "ingest",
        gates: [{ token: "c", component: "DATA_TABLE", sources: ["tb"] }],
      },
    ]);
    expect(asReports(states, [], { runId: null, workflowType: "nav", at })).toHaveLength(1);
  });
});
