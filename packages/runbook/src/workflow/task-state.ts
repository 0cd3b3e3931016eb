import type {
  ChildState,
  Feedback,
  GateSummary,
  NtroState,
  OpenGate,
  Snapshot,
  StateReport,
  StepState,
} from "@ntro/contract/protocol";
import { proxySinks, type Sinks, workflowInfo } from "@temporalio/workflow";
import type { StepDeclaration } from "../runbook";

interface ReportSinks extends Sinks {
  ntro: { report(report: StateReport): void };
}
const sinks = proxySinks<ReportSinks>();

/** An open gate as the state shows it; computed anew on each read. */
export interface GateView {
  readonly view: () => OpenGate;
}

/**
 * What a workflow tells of itself. Every change raises `seq`; changes of one turn go out as one report, metadata only. Replay repeats the
 * changes but sends nothing.
 */
export class TaskState {
  readonly gates = new Map<string, GateView>();
  readonly children = new Map<string, ChildState>();
  readonly snapshots: Record<string, Snapshot> = {};
  readonly #steps: StepState[];
  #currentStep: string | null = null;
  #feedback: Feedback | null = null;
  #seq = 0;
  #pending = false;

  constructor(steps: Readonly<Record<string, StepDeclaration>>) {
    this.#steps = Object.entries(steps).map(([id, [title, icon]]) => ({
      id,
      title,
      ...(icon === undefined ? {} : { icon }),
      status: "pending",
    }));
  }

  get currentStep(): string | null {
    return this.#currentStep;
  }

  get steps(): readonly StepState[] {
    return this.#steps;
  }

  get feedback(): Feedback | null {
    return this.#feedback;
  }

  giveFeedback(feedback: Feedback): void {
    this.#feedback = feedback;
    this.changed();
  }

  enterStep(id: string): void {
    this.#currentStep = id;
    this.#setStep(id, (step) => ({ ...step, status: "active", started_at: timestamp(), ended_at: undefined }));
  }

  /** Closes a step; one that opened no gate keeps its result as a summary. */
  leaveStep(id: string, status: "completed" | "failed", result?: unknown): void {
    this.#setStep(id, (step) => ({ ...step, status, ended_at: timestamp() }));
    if (status === "completed" && !this.snapshots[id] && result !== undefined) {
      this.snapshots[id] = {
        display_hint: { component: "SUMMARY", config: {} },
        completed_at: timestamp(),
        payload: result,
      };
    }
  }

  /** Tells the host that something changed; sent once for all changes of a turn. */
  changed(): void {
    this.#seq += 1;
    if (this.#pending) return;
    this.#pending = true;
    void Promise.resolve().then(() => {
      if (this.#pending) this.#send(null);
    });
  }

  /** The last report of a run, sent before it ends. */
  close(as: "completed" | "failed"): void {
    this.#seq += 1;
    this.#send(as);
  }

  read(): NtroState {
    return {
      seq: this.#seq,
      steps: this.#steps,
      current_step: this.#currentStep,
      gates: [...this.gates.values()].map((gate) => gate.view()),
      children: [...this.children.values()],
      feedback: this.#feedback,
      snapshots: this.snapshots,
    };
  }

  #setStep(id: string, change: (step: StepState) => StepState): void {
    const index = this.#steps.findIndex((step) => step.id === id);
    const step = this.#steps[index];
    if (step) this.#steps[index] = change(step);
    this.changed();
  }

  #send(closing: "completed" | "failed" | null): void {
    this.#pending = false;
    const { workflowId, runId, workflowType } = workflowInfo();
    sinks.ntro.report({
      kind: "state",
      workflow_id: workflowId,
      run_id: runId,
      workflow_type: workflowType,
      at: timestamp(),
      seq: this.#seq,
      steps: this.#steps,
      current_step: this.#currentStep,
      gates: [...this.gates.values()].map((gate) => summarise(gate.view(), workflowId)),
      children: [...this.children.values()],
      closing,
    });
  }
}

/** Now, of the workflow's clock, as ISO 8601 UTC. */
export function timestamp(): string {
  return new Date().toISOString();
}

function summarise(gate: OpenGate, workflowId: string): GateSummary {
  const open = gate.slots?.filter((slot) => slot.status === "pending").map((slot) => slot.source);
  return {
    token: gate.token,
    workflow_id: workflowId,
    kind: gate.kind,
    step_id: gate.step_id,
    component: gate.action.display_hint?.component ?? "APPROVAL_FORM",
    title: gate.title,
    opened_at: gate.opened_at,
    ...(gate.due_at === undefined ? {} : { due_at: gate.due_at }),
    ...(open === undefined ? {} : { sources: open }),
  };
}
