import { type NextStep, NtroError, type OpenGate } from "@ntro/contract";

/** Every gate that is open, oldest first. */
export function openGates(next: NextStep): readonly OpenGate[] {
  return next.action === "submit_file" || next.action === "review" ? next.gates : [];
}

/**
 * The review to decide: the one of this token, else the only one. Throws `GATE_NOT_OPEN` saying what the task waits for, `TASK_CLOSED`, or
 * `GATE_AMBIGUOUS` naming the tokens.
 */
export function chooseReview(next: NextStep, taskId: string, token: string | undefined): OpenGate {
  const reviews = openGates(next).filter(({ kind }) => kind === "interactive_review");
  const [first, ...others] = token === undefined ? reviews : reviews.filter((gate) => gate.token === token);
  if (first && others.length === 0) return first;
  if (first)
    throw new NtroError("GATE_AMBIGUOUS", `The task waits for ${reviews.length} decisions.`, {
      hint: "Say which with --gate.",
      details: reviews.map((gate) => `--gate ${gate.token}: ${gate.title}`),
    });
  throw notOpen(next, taskId, token === undefined ? "a decision" : `the decision of gate ${token}`);
}

/** The error for an answer that the task does not wait for; says what it does wait for. */
export function notOpen(next: NextStep, taskId: string, wanted: string): NtroError {
  if (next.action === "done" || next.action === "error_terminal")
    return new NtroError("TASK_CLOSED", "The task has ended; nothing can be answered any more.", {
      hint: `See it: ntro run status ${taskId}`,
    });
  if (next.action === "unknown")
    return new NtroError("TASK_UNREACHABLE", next.reason ?? "The task's code does not answer.", {
      hint: "Its host may be starting. Try again in a few seconds; `ntro status` shows whether the worker is up.",
    });
  const titles = openGates(next).map(({ title }) => `"${title}"`);
  return new NtroError("GATE_NOT_OPEN", `The task does not wait for ${wanted}.`, {
    hint:
      titles.length > 0
        ? `It waits for ${titles.join(", ")}. See how to answer: ntro run next ${taskId}`
        : `It waits for nothing right now (${next.reason ?? "it is working"}), or it was answered already. See it: ntro run status ${taskId}`,
  });
}
