import type {
  DecideUpdate,
  Feedback,
  GateKind,
  GateSummary,
  OpenGate,
  PendingAction,
  RowActionUpdate,
  SubmitUpdate,
} from "@ntro/contract/protocol";
import { condition, uuid4, workflowInfo } from "@temporalio/workflow";
import { type Duration, milliseconds } from "../runtime";
import { jsonBytes, MAX_SHOWN_BYTES } from "./limits";
import { refuse } from "./refusal";
import { type TaskState, timestamp } from "./task-state";

/**
 * One kind of gate. The three answers check first and give back what applies them, so that a validator can ask without changing anything. An
 * answer that settles the gate gives its outcome.
 */
export interface GateBehaviour<Outcome> {
  readonly kind: GateKind;
  readonly component: string;
  readonly title: string;
  readonly reasonRequired: boolean;
  /** Whether the step keeps what was shown and answered here. */
  readonly kept: boolean;
  /** What people see; asked on each read, so edits show. */
  view(): { action: PendingAction } & Pick<OpenGate, "slots" | "edits" | "rejected_rows">;
  /** Sources still to be submitted, of the file kinds. */
  openSources?(): string[];
  decide?(answer: DecideUpdate): () => Settled<Outcome>;
  submit?(answer: SubmitUpdate): () => Settled<Outcome> | undefined;
  rowAction?(answer: RowActionUpdate): () => undefined;
}

export interface Settled<Outcome> {
  readonly outcome: Outcome;
  /** Kept in the step's snapshot. */
  readonly decision: unknown;
}

/** One opening of a gate; its token is shared with no other. */
export class Gate {
  readonly token = uuid4();
  /** JSON bytes that it shows at its opening. */
  readonly bytes: number;
  readonly #openedAt = timestamp();
  readonly #dueAt: string | undefined;
  readonly #given: Feedback | null;
  #settled: Settled<unknown> | undefined;

  /** @param timeout in milliseconds */
  constructor(
    private readonly state: TaskState,
    private readonly stepId: string,
    readonly behaviour: GateBehaviour<unknown>,
    timeout: number | undefined,
  ) {
    this.#dueAt = timeout === undefined ? undefined : new Date(Date.now() + timeout).toISOString();
    this.#given = state.feedback;
    this.bytes = jsonBytes(behaviour.view().action.payload);
  }

  /** As `ntro_state` shows it, with its payload. */
  view(): OpenGate {
    const { kind, title, reasonRequired } = this.behaviour;
    const { action, ...shown } = this.behaviour.view();
    return {
      token: this.token,
      kind,
      step_id: this.stepId,
      opened_at: this.#openedAt,
      ...(this.#dueAt === undefined ? {} : { due_at: this.#dueAt }),
      title,
      reason_required: reasonRequired,
      ...shown,
      action: withFeedback(action, this.state.feedback),
    };
  }

  /** As reports show it. */
  summary(): GateSummary {
    const { kind, title, component } = this.behaviour;
    const sources = this.behaviour.openSources?.();
    return {
      token: this.token,
      workflow_id: workflowInfo().workflowId,
      kind,
      step_id: this.stepId,
      component,
      title,
      opened_at: this.#openedAt,
      ...(this.#dueAt === undefined ? {} : { due_at: this.#dueAt }),
      ...(sources === undefined ? {} : { sources }),
    };
  }

  get settled(): Settled<unknown> | undefined {
    return this.#settled;
  }

  /** Takes an answer; one that settles it also settles the feedback that it was opened with. */
  take(settled: Settled<unknown> | undefined): void {
    if (settled) {
      this.#settled = settled;
      if (this.#given !== null && this.#given === this.state.feedback) this.state.setFeedback(null);
      if (this.behaviour.kept) this.#keep(settled.decision);
    }
    this.state.changed();
  }

  #keep(decision: unknown): void {
    const { action } = this.behaviour.view();
    const display_hint = action.display_hint ?? { component: this.behaviour.component, config: {} };
    this.state.keepSnapshot(this.stepId, { display_hint, payload: action.payload ?? action.args, decision });
  }
}

function withFeedback(action: PendingAction, feedback: Feedback | null): PendingAction {
  if (feedback === null) return action;
  const { display_hint } = action;
  if (!display_hint) return { ...action, feedback };
  return { ...action, feedback, display_hint: { ...display_hint, config: { ...display_hint.config, feedback } } };
}

/** Every gate of a workflow, by token; the one place where answers reach them. */
export class GateRegistry {
  constructor(private readonly state: TaskState) {}

  /** Opens a gate and waits for its answer; undefined when `timeout` passed first. Closed however the wait ends. */
  async open<Outcome>(
    stepId: string,
    behaviour: GateBehaviour<Outcome>,
    timeout?: Duration,
  ): Promise<Outcome | undefined> {
    const ms = timeout === undefined ? undefined : Math.max(1, milliseconds(timeout));
    const gate = new Gate(this.state, stepId, behaviour, ms);
    this.#requireRoom(gate.bytes, behaviour.title);
    this.state.gates.set(gate.token, gate);
    this.state.changed();
    const answered = () => gate.settled !== undefined;
    try {
      await (ms === undefined ? condition(answered) : condition(answered, ms));
      return gate.settled?.outcome as Outcome | undefined;
    } finally {
      this.state.gates.delete(gate.token);
      this.state.changed();
    }
  }

  /** The open gates of a kind, oldest first. */
  openOf(...kinds: GateKind[]): Gate[] {
    return [...this.state.gates.values()].filter((gate) => !gate.settled && kinds.includes(gate.behaviour.kind));
  }

  decide(answer: DecideUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.decide?.(answer) ??
      refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" waits for a file, not for a decision.`);
    return () => gate.take(apply());
  }

  submit(answer: SubmitUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.submit?.(answer) ??
      refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" waits for a decision, not for a file.`);
    return () => gate.take(apply());
  }

  rowAction(answer: RowActionUpdate): () => void {
    const gate = this.#find(answer.gate);
    const apply =
      gate.behaviour.rowAction?.(answer) ?? refuse("GATE_NOT_OPEN", `"${gate.behaviour.title}" has no rows to change.`);
    return () => gate.take(apply());
  }

  #find(token: string): Gate {
    const gate = this.state.gates.get(token);
    if (!gate || gate.settled)
      refuse("GATE_NOT_OPEN", "This gate is not open: it was answered already, or never opened here.");
    return gate;
  }

  #requireRoom(bytes: number, title: string): void {
    const others = [...this.state.gates.values()].reduce((sum, gate) => sum + gate.bytes, 0);
    if (others + bytes > MAX_SHOWN_BYTES)
      throw new Error(
        `"${title}" would show ${bytes} bytes${others > 0 ? `, beside ${others} at other gates` : ""}; a task shows at most ${MAX_SHOWN_BYTES} at once. Review fewer rows at a time.`,
      );
  }
}
