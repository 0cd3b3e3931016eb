import { type FileSlot, NtroError, type NtroState, type OpenGate } from "@ntro/contract";

/** What one workflow of a task (the task itself, or a child) says of itself. */
export interface WorkflowState {
  readonly workflowId: string;
  readonly state: NtroState;
}

/** An open gate and the workflow that opened it. */
export interface LiveGate {
  readonly workflowId: string;
  readonly gate: OpenGate;
}

/** Every open gate of a task: the task's own first, then its children's. */
export function liveGates(states: readonly WorkflowState[]): LiveGate[] {
  return states.flatMap(({ workflowId, state }) => state.gates.map((gate) => ({ workflowId, gate })));
}

/**
 * The review that a decision answers: the one named, else the only open one. Throws `GATE_NOT_OPEN` or `GATE_AMBIGUOUS`; both say what the task does wait for.
 */
export function chooseReview(taskId: string, gates: readonly LiveGate[], token: string | undefined): LiveGate {
  const reviews = gates.filter(({ gate }) => gate.kind === "interactive_review");
  if (token !== undefined) {
    const named = gates.find(({ gate }) => gate.token === token);
    if (!named) throw notOpen(`The gate ${token} is not open (any more).`, taskId, gates);
    if (named.gate.kind !== "interactive_review")
      throw notOpen(`"${named.gate.title}" asks for a file, not for a decision.`, taskId, gates);
    return named;
  }
  return theOnly(reviews, () => notOpen("The task waits for no decision.", taskId, gates), taskId);
}

/**
 * The submission slot that a file is for: of the gate named, of the source named, else the only one still pending. Throws `GATE_NOT_OPEN` or `GATE_AMBIGUOUS`.
 */
export function chooseSlot(
  taskId: string,
  gates: readonly LiveGate[],
  asked: { gate?: string | undefined; source?: string | undefined },
): LiveGate & { slot: FileSlot } {
  const files = gates.filter(({ gate }) => gate.kind !== "interactive_review");
  if (asked.gate !== undefined && !files.some(({ gate }) => gate.token === asked.gate)) {
    const other = gates.find(({ gate }) => gate.token === asked.gate);
    throw notOpen(
      other
        ? `"${other.gate.title}" asks for a decision, not for a file.`
        : `The gate ${asked.gate} is not open (any more).`,
      taskId,
      gates,
    );
  }
  const slots = files
    .filter(({ gate }) => asked.gate === undefined || gate.token === asked.gate)
    .flatMap((live) => slotsOf(live.gate).map((slot) => ({ ...live, slot })));
  const named = asked.source === undefined ? slots : slots.filter(({ slot }) => slot.source === asked.source);
  const pending = named.filter(({ slot }) => slot.status === "pending");
  const missing = (): NtroError => {
    if (asked.source === undefined) return notOpen("The task waits for no file.", taskId, gates);
    return notOpen(
      named.length > 0
        ? `The file "${asked.source}" was submitted already.`
        : `The task asks for no file "${asked.source}".`,
      taskId,
      gates,
    );
  };
  const [only] = pending;
  if (only && pending.length === 1) return only;
  if (!only) throw missing();
  const sources = pending.map(({ slot, gate }) => `${slot.source} (gate ${gate.token})`);
  throw new NtroError("GATE_AMBIGUOUS", `The task waits for several files: ${sources.join(", ")}.`, {
    hint: "Say which with --source, or with --gate where two have one source.",
    details: pending.map(({ slot, gate }) => ({ gate: gate.token, source: slot.source })),
  });
}

/** The slots of a file gate. Published bundles describe theirs in the action alone: then it is one slot that takes any type. */
export function slotsOf(gate: OpenGate): readonly FileSlot[] {
  if (gate.slots !== undefined && gate.slots.length > 0) return gate.slots;
  const source = gate.action.args?.source;
  const limit = gate.action.display_hint?.config.max_size_mb;
  return [
    {
      source: typeof source === "string" ? source : "file",
      accept: [],
      max_size_mb: typeof limit === "number" && limit > 0 ? limit : Number.MAX_SAFE_INTEGER,
      status: "pending",
    },
  ];
}

function theOnly(gates: readonly LiveGate[], none: () => NtroError, taskId: string): LiveGate {
  const [only] = gates;
  if (!only) throw none();
  if (gates.length === 1) return only;
  const listed = gates.map(({ gate }) => `"${gate.title}" (gate ${gate.token})`);
  throw new NtroError("GATE_AMBIGUOUS", `The task waits for several decisions: ${listed.join(", ")}.`, {
    hint: `Say which with --gate; \`ntro run next ${taskId}\` shows them.`,
    details: gates.map(({ gate, workflowId }) => ({ gate: gate.token, title: gate.title, task: workflowId })),
  });
}

/** A refusal that says what the task does wait for. */
function notOpen(message: string, taskId: string, gates: readonly LiveGate[]): NtroError {
  const waiting = gates.map(({ gate }) => `"${gate.title}" (${gate.kind}, gate ${gate.token})`);
  return new NtroError("GATE_NOT_OPEN", message, {
    hint:
      waiting.length > 0 ? `It waits for ${waiting.join(", ")}.` : `\`ntro run status ${taskId}\` shows where it is.`,
    details: gates.map(({ gate, workflowId }) => ({
      gate: gate.token,
      kind: gate.kind,
      title: gate.title,
      task: workflowId,
    })),
  });
}
