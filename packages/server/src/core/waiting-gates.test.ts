import type { ChildState, GateSummary, StepState } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { type HeardState, projectTask } from "./project-state";

const TASK = "11111111-1111-4111-8111-111111111111";
const childId = (source: string) => `${TASK}:collect:ingest:${source}`;

const gate = (token: string, given: Partial<GateSummary>): GateSummary => ({
  token,
  workflow_id: TASK,
  kind: "submit_file",
  step_id: "collect",
  component: "FILE_UPLOAD",
  title: token,
  opened_at: "",
  ...given,
});

const heard = (workflowId: string, given: Partial<HeardState>): HeardState => ({
  workflowId,
  runId: "r",
  seq: 1,
  steps: [],
  currentStep: null,
  gates: [],
  children: [],
  codeFailing: null,
  reportedAt: new Date(0),
  ...given,
});

const child = (source: string, status: ChildState["status"] = "running"): ChildState => ({
  workflow_id: childId(source),
  slug: "ingest",
  step_id: "collect",
  status,
});
const list = (...sources: string[]) => gate("list", { kind: "submit_files", sources });
const step = (status: StepState["status"]): StepState => ({ id: "await", title: "Await", status });

/** Status, and the gates with what is still to come at each. */
function row(states: HeardState[]): unknown {
  const { status, gates } = projectTask(TASK, states);
  return [status, ...gates.map(({ token, sources }) => (sources ? [token, ...sources] : token))];
}

describe("the row of a task whose children take files", () => {
  const parent = heard(TASK, { gates: [list("a", "b")], children: [child("a"), child("b")] });
  const asking = (source: string) =>
    heard(childId(source), { steps: [step("active")], gates: [gate(`file-${source}`, { sources: [source] })] });

  it("names what is to come once, though list and child both ask", () => {
    expect(row([parent, asking("a"), asking("b")])).toEqual(["BLOCKED", ["list", "a", "b"]]);
    // Neither has told of itself yet.
    expect(row([parent])).toEqual(["BLOCKED", ["list", "a", "b"]]);
  });

  it("leaves out what a child works on, then the list, then waits for nobody", () => {
    const working = (source: string) => heard(childId(source), { steps: [step("completed")] });
    expect(row([parent, working("a"), asking("b")])).toEqual(["BLOCKED", ["list", "b"]]);
    const review = gate("review", { workflow_id: childId("b"), kind: "interactive_review" });
    const reviewing = heard(childId("b"), { steps: [step("completed")], gates: [review] });
    expect(row([parent, working("a"), reviewing])).toEqual(["BLOCKED", "review"]);
    expect(row([parent, working("a"), working("b")])).toEqual(["IN_PROGRESS"]);
  });

  it("keeps lists whose files no child takes", () => {
    const own = heard(TASK, { gates: [list("x")], children: [child("a")] });
    expect(row([own, asking("a")])).toEqual(["BLOCKED", ["list", "x"], ["file-a", "a"]]);
  });
});
