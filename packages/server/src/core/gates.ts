import { type FileSlot, NtroError } from "@ntro/contract";
import { isAnswerable, type LiveGate, namesNone, slotsOf } from "./child-slots";

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
  const pending = distinct(named.filter(({ slot }) => slot.status === "pending").map(atItsOwner));
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
  if (only && pending.length === 1) return requireOwner(only);
  if (!only) throw missing();
  const sources = pending.map(({ slot, gate }) => `${slot.source} (gate ${gate.token})`);
  throw new NtroError("GATE_AMBIGUOUS", `The task waits for several files: ${sources.join(", ")}.`, {
    hint: "Say which with --source, or with --gate where two have one source.",
    details: pending.map(({ slot, gate }) => ({ gate: gate.token, source: slot.source })),
  });
}

/** A slot, and the gate that takes its file; without a gate while the child that takes it has not asked for it yet. */
interface Candidate extends LiveGate {
  readonly slot: FileSlot;
  readonly unasked?: true;
}

/** A slot whose file a child takes, at the child's own gate. Both may limit what they take. */
function atItsOwner(candidate: Candidate): Candidate {
  const { slot, children } = candidate;
  if (!children?.has(slot.source)) return candidate;
  const owner = children.get(slot.source);
  if (owner === undefined) return { ...candidate, unasked: true };
  const slots = slotsOf(owner.gate);
  const own = slots.find(({ source }) => source === slot.source) ?? slots[0] ?? slot;
  const accept = slot.accept.length > 0 ? slot.accept : own.accept;
  const max_size_mb = Math.min(slot.max_size_mb, own.max_size_mb);
  return { workflowId: owner.workflowId, gate: owner.gate, slot: { ...slot, accept, max_size_mb } };
}

/** Each slot once, though the gate of a child and the list that shows it both name it. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  const taken = new Set<string>();
  return candidates.filter(({ gate, slot }) => {
    const key = namesNone(gate) ? gate.token : JSON.stringify([gate.token, slot.source]);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
}

function requireOwner(candidate: Candidate): LiveGate & { slot: FileSlot } {
  if (!candidate.unasked) return candidate;
  throw new NtroError("TASK_UNREACHABLE", `The runbook that takes "${candidate.slot.source}" is starting.`, {
    hint: "Submit it again in a moment.",
  });
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
  const waiting = gates.filter(isAnswerable).map(({ gate }) => `"${gate.title}" (${gate.kind}, gate ${gate.token})`);
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
