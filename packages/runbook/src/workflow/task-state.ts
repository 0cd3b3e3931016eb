import type {
  ChildState,
  DisplayHint,
  Feedback,
  NtroState,
  Snapshot,
  StateReport,
  StepState,
} from "@ntro/contract/protocol";
import { proxySinks, type Sinks, workflowInfo } from "@temporalio/workflow";
import type { StepDeclaration } from "../runbook";
import type { Gate } from "./gate";
import { keepable } from "./limits";

interface ReportSinks extends Sinks {
  ntro: { report(report: StateReport): void };
}
const sinks = proxySinks<ReportSinks>();

/** How a step ended, for those who look at it later. */
export interface Ending {
  readonly display_hint: DisplayHint;
  readonly payload: unknown;
  readonly decision?: unknown;
}

/**
 * What a workflow tells of itself. Every change raises `seq`; changes of one turn go out as one report, metadata only. Replay repeats the
 * changes but sends nothing.
 */
export class TaskState {
  /** The open gates by token, oldest first. */
  readonly gates = new Map<string, Gate>();
  readonly children = new Map<string, ChildState>();
  readonly snapshots: Record<string, Snapshot> = {};
  readonly #steps: StepState[];
  /** Steps under way, the one entered last at the end. */
  readonly #active: string[] = [];
  #currentStep: string | null = null;
  #feedback: Feedback | null = null;
  #seq = 0;
  #reporting: "idle" | "due" | "closed" = "idle";

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

  /** Ids of the steps that were entered and not left. */
  get stepsUnderWay(): readonly string[] {
    return this.#active;
  }

  get feedback(): Feedback | null {
    return this.#feedback;
  }

  setFeedback(feedback: Feedback | null): void {
    this.#feedback = feedback;
    this.changed();
  }

  /** Opens a step; one that is entered again starts over. */
  enterStep(id: string): void {
    this.#active.push(id);
    this.#currentStep = id;
    delete this.snapshots[id];
    this.#setStep(id, ({ ended_at: _, ...step }) => ({ ...step, status: "active", started_at: timestamp() }));
  }

  /** Closes a step; one that kept no gate's answer keeps its result. */
  leaveStep(id: string, status: "completed" | "failed", result?: unknown): void {
    this.#active.splice(this.#active.lastIndexOf(id), 1);
    this.#currentStep = this.#active.at(-1) ?? this.#currentStep;
    if (status === "completed" && !this.snapshots[id] && result !== undefined)
      this.keepSnapshot(id, { display_hint: this.#summaryOf(id), payload: result });
    this.#setStep(id, (step) => ({ ...step, status, ended_at: timestamp() }));
  }

  /** Keeps how a step ended; large payloads are left out. */
  keepSnapshot(id: string, { display_hint, payload, decision }: Ending): void {
    this.snapshots[id] = {
      display_hint,
      completed_at: timestamp(),
      ...(payload === undefined ? {} : { payload: keepable(payload) }),
      ...(decision === undefined ? {} : { decision: keepable(decision) }),
    };
  }

  /** Tells the host that something changed; sent once for all changes of a turn. */
  changed(): void {
    this.#seq += 1;
    if (this.#reporting !== "idle") return;
    this.#reporting = "due";
    void Promise.resolve().then(() => {
      if (this.#reporting !== "due") return;
      this.#reporting = "idle";
      this.#send(null);
    });
  }

  /** The last report of a run, sent before it ends: no gate is open any more. */
  close(as: "completed" | "failed"): void {
    this.gates.clear();
    this.#seq += 1;
    this.#reporting = "closed";
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

  /** How a step that opened no gate is shown later: its result under its title. */
  #summaryOf(id: string): DisplayHint {
    return { component: "SUMMARY", config: { title: this.#steps.find((step) => step.id === id)?.title ?? id } };
  }

  #setStep(id: string, change: (step: StepState) => StepState): void {
    const index = this.#steps.findIndex((step) => step.id === id);
    const step = this.#steps[index];
    if (step) this.#steps[index] = change(step);
    this.changed();
  }

  #send(closing: "completed" | "failed" | null): void {
    const { workflowId, runId, workflowType } = workflowInfo();
    sinks.ntro.report({
      kind: "state",
      workflow_id: workflowId,
      run_id: runId,
      workflow_type: workflowType,
      at: timestamp(),
      seq: this.#seq,
      steps: [...this.#steps],
      current_step: this.#currentStep,
      gates: [...this.gates.values()].map((gate) => gate.summary()),
      children: [...this.children.values()],
      closing,
    });
  }
}

/** Now, of the workflow's clock, as ISO 8601 UTC. */
export function timestamp(): string {
  return new Date().toISOString();
}
