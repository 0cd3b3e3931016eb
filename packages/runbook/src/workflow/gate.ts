import type {
  DecideUpdate,
  GateKind,
  OpenGate,
  PendingAction,
  RowActionUpdate,
  SubmitUpdate,
} from "@ntro/contract/protocol";
import { condition, uuid4 } from "@temporalio/workflow";
import type { Duration } from "../runtime";
import { refuse } from "./refusal";
import { type TaskState, timestamp } from "./task-state";

/**
 * One kind of gate. The three answers check first and give back what applies them, so that a validator can ask without changing anything. An
 * answer that settles the gate gives its outcome.
 */
export interface GateBehaviour<Outcome> {
  readonly kind: GateKind;
  readonly title: string;
  readonly reasonRequired: boolean;
  /** What people see; computed on each read, so edits show. */
  view(): { action: PendingAction } & Pick<OpenGate, "slots" | "edits" | "rejected_rows">;
  decide?(answer: DecideUpdate): () => Settled<Outcome>;
  submit?(answer: SubmitUpdate): () => Settled<Outcome> | undefined;
  rowAction?(answer: RowActionUpdate): () => undefined;
}

export interface Settled<Outcome> {
  readonly outcome: Outcome;
  /** Kept in the step's snapshot. */
  readonly decision: unknown;
}

export class Gate<Outcome = unknown> {
  readonly token = uuid4();
  readonly #openedAt = timestamp();
  #settled: Settled<Outcome> | undefined;

  constructor(
    private readonly state: TaskState,
    readonly stepId: string,
    readonly behaviour: GateBehaviour<Outcome>,
    private readonly dueAt: string | undefined,
  ) {}

  readonly view = (): OpenGate => {
    const { kind, title, reasonRequired } = this.behaviour;
    const shown = this.behaviour.view();
    const feedback = this.state.feedback;
    const action: PendingAction = feedback
      ? { ...shown.action, feedback, display_hint: withFeedback(shown.action, feedback) }
      : shown.action;
    return {
      token: this.token,
      kind,
      step_id: this.stepId,
      opened_at: this.#openedAt,
      ...(this.dueAt === undefined ? {} : { due_at: this.dueAt }),
      title,
      reason_required: reasonRequired,
      ...shown,
      action,
    };
  };

  get settled(): Settled<Outcome> | undefined {
    return this.#settled;
  }

  settle(settled: Settled<Outcome> | undefined): void {
    if (settled) this.#settled = settled;
    this.state.changed();
  }
}

function withFeedback(action: PendingAction, feedback: unknown): PendingAction["display_hint"] {
  return action.display_hint
    ? { ...action.display_hint, config: { ...action.display_hint.config, feedback } }
    : undefined;
}

/** Every gate of a workflow, by token; the one place where answers reach them. */
export class GateRegistry {
  readonly #open = new Map<string, Gate>();

  constructor(private readonly state: TaskState) {}

  /** Opens a gate and waits for its answer; undefined when `timeout` passed first. */
  async open<Outcome>(
    stepId: string,
    behaviour: GateBehaviour<Outcome>,
    timeout?: Duration,
  ): Promise<Outcome | undefined> {
    const gate = new Gate(this.state, stepId, behaviour, timeout === undefined ? undefined : dueAt(timeout));
    this.#open.set(gate.token, gate as Gate);
    this.state.gates.set(gate.token, gate);
    this.state.changed();
    const answered = () => gate.settled !== undefined;
    try {
      await (timeout === undefined ? condition(answered) : condition(answered, timeout));
      return gate.settled?.outcome;
    } finally {
      const { action } = gate.view();
      this.#open.delete(gate.token);
      this.state.gates.delete(gate.token);
      if (gate.settled) {
        const display_hint = action.display_hint ?? { component: "APPROVAL_FORM", config: {} };
        this.state.snapshots[stepId] = {
          display_hint,
          completed_at: timestamp(),
          payload: action.payload ?? action.args,
          decision: gate.settled.decision,
        };
      }
      this.state.changed();
    }
  }

  /** The open gates of a kind, oldest first. */
  openOf(...kinds: GateKind[]): Gate[] {
    return [...this.#open.values()].filter((gate) => !gate.settled && kinds.includes(gate.behaviour.kind));
  }

  decide(answer: DecideUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.decide?.(answer) ??
      refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" waits for a file, not for a decision.`);
    return () => gate.settle(apply());
  }

  submit(answer: SubmitUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.submit?.(answer) ??
      refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" waits for a decision, not for a file.`);
    return () => gate.settle(apply());
  }

  rowAction(answer: RowActionUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.rowAction?.(answer) ?? refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" has no rows to change.`);
    return () => gate.settle(apply());
  }

  #find(token: string): Gate {
    const gate = this.#open.get(token);
    if (!gate || gate.settled)
      refuse("GATE_NOT_OPEN", "This gate is not open: it was answered already, or never opened here.");
    return gate;
  }
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function dueAt(timeout: Duration): string {
  const [, amount, unit] = /^([\d.]+)(ms|s|m|h|d)$/.exec(typeof timeout === "number" ? `${timeout}ms` : timeout) ?? [];
  return new Date(Date.now() + Number(amount) * UNITS[unit as keyof typeof UNITS]).toISOString();
}
