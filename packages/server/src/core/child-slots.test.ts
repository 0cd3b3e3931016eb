import type { FileSlot, NtroError, NtroState, OpenGate } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { liveGates, shownGates, slotsOf, type WorkflowState } from "./child-slots";
import { chooseSlot } from "./gates";
import { nextStep } from "./next-step";

const ROOT = "10000000-0000-4000-8000-000000000001";
const childId = (source: string) => `${ROOT}:collect:document-ingest:${source}`;

function state(workflowId: string, given: Partial<NtroState>): WorkflowState {
  const base = { seq: 1, steps: [], current_step: null, gates: [], children: [], feedback: null, snapshots: {} };
  return { workflowId, state: { ...base, ...given } };
}

function gate(token: string, given: Partial<OpenGate>): OpenGate {
  const base = { kind: "submit_file" as const, step_id: "s", opened_at: "", title: token, reason_required: false };
  return { token, ...base, action: { kind: given.kind ?? "submit_file" }, ...given };
}

/** A runbook that lists the files its children wait for. */
function parent(statuses: Record<string, FileSlot["status"]>): WorkflowState {
  const sources = Object.entries(statuses);
  const expected = sources.map(([source, status]) => ({
    source,
    status,
    schema_slug: `${source}-xero`,
    args: { source, schema_slug: `${source}-xero`, signal_task_id: childId(source), signal_name: "document_submitted" },
  }));
  const list = gate("list", {
    kind: "submit_files",
    step_id: "collect",
    slots: sources.map(([source, status]) => ({ source, accept: ["xlsx"], max_size_mb: 5, status })),
    action: { kind: "submit_files", display_hint: { component: "MULTI_FILE_UPLOAD", config: { expected } } },
  });
  const children = sources.map(([source, status]) => ({
    workflow_id: childId(source),
    slug: "document-ingest",
    step_id: "collect",
    status: status === "pending" || status === "processing" ? ("running" as const) : status,
  }));
  return state(ROOT, { gates: [list], children });
}

const STEPS = (first: "active" | "completed") => [
  { id: "await_submission", title: "Await", status: first },
  { id: "review", title: "Review", status: "pending" as const },
];
const waiting = (source: string) =>
  state(childId(source), {
    steps: STEPS("active"),
    gates: [
      gate(`file-${source}`, {
        action: { kind: "submit_file", args: { source }, display_hint: { component: "FILE_UPLOAD", config: {} } },
      }),
    ],
  });
const working = (source: string) => state(childId(source), { steps: STEPS("completed") });
const reviewing = (source: string) =>
  state(childId(source), {
    steps: STEPS("completed"),
    gates: [gate(`review-${source}`, { kind: "interactive_review", step_id: "review" })],
  });

function statuses(states: WorkflowState[]): unknown {
  const list = liveGates(states)[0]?.gate;
  const slots = list && slotsOf(list).map(({ status }) => status);
  const config = list?.action.display_hint?.config.expected as { status: string }[] | undefined;
  expect(config?.map(({ status }) => status)).toEqual(slots);
  return slots;
}

function choose(states: WorkflowState[], asked: { gate?: string; source?: string }) {
  try {
    const { gate: chosen, workflowId, slot } = chooseSlot(ROOT, liveGates(states), asked);
    return { gate: chosen.token, workflowId, source: slot.source, accept: slot.accept, max: slot.max_size_mb };
  } catch (error) {
    return (error as NtroError).code;
  }
}

describe("the slots of files that children take", () => {
  it("are pending while the child asks, has not answered, or has only begun", () => {
    const begun = state(childId("c"), { steps: STEPS("active") });
    expect(statuses([parent({ a: "pending", b: "pending", c: "pending" }), waiting("a"), begun])).toEqual([
      "pending",
      "pending",
      "pending",
    ]);
  });

  it("are processing once the child works on, and otherwise what the parent says", () => {
    const whole = parent({ a: "pending", b: "pending", c: "completed", d: "failed", e: "pending" });
    const bare = state(childId("e"), {});
    expect(statuses([whole, working("a"), reviewing("b"), bare])).toEqual([
      "processing",
      "processing",
      "completed",
      "failed",
      "processing",
    ]);
  });

  it("stay as they are where the gate takes its files itself", () => {
    const own = gate("own", {
      kind: "submit_files",
      slots: [{ source: "a", accept: [], max_size_mb: 1, status: "pending" }],
      action: {
        kind: "submit_files",
        display_hint: { component: "X", config: { expected: [{ source: "a", args: { signal_task_id: ROOT } }] } },
      },
    });
    const states = [state(ROOT, { gates: [own] }), working("a")];
    expect(liveGates(states)).toEqual([{ workflowId: ROOT, gate: own }]);
    expect(choose(states, { source: "a" })).toMatchObject({ gate: "own", workflowId: ROOT });
  });
});

describe("a submitted file", () => {
  const states = [parent({ a: "pending", b: "pending" }), waiting("a"), waiting("b")];
  const toA = { gate: "file-a", workflowId: childId("a"), source: "a", accept: ["xlsx"], max: 5 };

  it("reaches the child's own gate, whichever of the two is named", () => {
    expect(choose(states, { source: "a" })).toEqual(toA);
    expect(choose(states, { gate: "list", source: "a" })).toEqual(toA);
    expect(choose(states, { gate: "file-a" })).toMatchObject({ gate: "file-a", workflowId: childId("a") });
  });

  it("is not ambiguous because list and child both ask for it, only when several are waited for", () => {
    expect(choose([parent({ a: "pending", b: "pending" }), waiting("a"), working("b")], {})).toEqual(toA);
    expect(choose(states, {})).toBe("GATE_AMBIGUOUS");
  });

  it("is refused while the child works on it, and told to wait while it starts", () => {
    const some = [parent({ a: "pending", b: "pending" }), working("a")];
    expect(choose(some, { source: "a" })).toBe("GATE_NOT_OPEN");
    expect(choose(some, { source: "b" })).toBe("TASK_UNREACHABLE");
    expect(choose(some, { gate: "list", source: "x" })).toBe("GATE_NOT_OPEN");
  });

  it("goes to a child that names no source, under the one that its parent names", () => {
    const slots = [{ source: "document", accept: [], max_size_mb: 50, status: "pending" as const }];
    const nameless = state(childId("a"), { gates: [gate("any", { slots })] });
    const list = parent({ a: "pending" });
    expect(choose([list, nameless], {})).toEqual({ ...toA, gate: "any" });
    expect(shownGates(liveGates([list, nameless])).map((live) => live.gate.token)).toEqual(["list"]);
  });
});

describe("the next step", () => {
  const task = { id: ROOT, status: "BLOCKED" as const, failure: null, result: undefined };

  it("is the first file that is still to come, each gate shown once", () => {
    const step = nextStep(task, [parent({ a: "pending", b: "pending" }), working("a"), waiting("b")]);
    expect(step).toMatchObject({
      action: "submit_file",
      task_id: ROOT,
      gate: "list",
      args: { source: "b", schema_slug: "b-xero", task_id: ROOT },
      expected: [{ status: "processing" }, { status: "pending" }],
    });
    expect("gates" in step && step.gates.map(({ token }) => token)).toEqual(["list"]);
  });

  it("is a child's review once all files are being worked on", () => {
    const step = nextStep(task, [parent({ a: "pending", b: "completed" }), reviewing("a")]);
    expect(step).toMatchObject({ action: "review", task_id: childId("a"), gate: "review-a" });
  });

  it("is to wait while children work and nobody is asked", () => {
    expect(nextStep(task, [parent({ a: "pending" }), working("a")])).toMatchObject({ action: "wait" });
  });
});
