import { type DecideTask, NtroError, type OpenGate } from "@ntro/contract";
import type { Platform } from "../system/platform";
import { patiently, pause } from "./patience";
import type { Decision, StartAction } from "./schedule";

/** What somebody decided, and what they know of it. */
export interface Given {
  readonly gate: string;
  readonly decision: Decision;
  /** "unsure": the first try was not answered, and a later one was told that the gate had been answered. */
  readonly outcome: "accepted" | "refused" | "unsure";
}

/** How often a person looks at a task, in milliseconds. */
const LOOK_MS = 200;

/** Answers whatever a task and its children ask, until it has ended; gives all that was answered. Throws when `signal` is aborted before. */
export async function attend(
  platform: Platform,
  taskId: string,
  action: StartAction,
  signal: AbortSignal,
): Promise<Given[]> {
  const given: Given[] = [];
  const seen = new Set<string>();
  for (;;) {
    const next = await patiently(signal, () =>
      platform.client().call("tasks.nextStep", { params: { id: taskId }, signal }),
    );
    if (next.action === "done" || next.action === "error_terminal") return given;
    const gates = next.action === "review" ? next.gates.filter(({ token }) => !seen.has(token)) : [];
    for (const gate of gates) seen.add(gate.token);
    if (gates.length > 0) await pause(action.thinking, signal);
    const decided = await Promise.all(
      gates.flatMap((gate) => decisionsAt(gate, action).map((one) => decide(platform, taskId, gate, one, signal))),
    );
    given.push(...decided);
    await pause(LOOK_MS, signal, next);
  }
}

/** Children are always approved; they show no amount. */
function decisionsAt(gate: OpenGate, { decisions }: StartAction): readonly Decision[] {
  return gate.title.includes("Leg") ? [{ type: "approved", amount: "" }] : decisions;
}

async function decide(
  platform: Platform,
  taskId: string,
  { token: gate }: OpenGate,
  decision: Decision,
  signal: AbortSignal,
): Promise<Given> {
  const given = { params: { id: taskId }, body: bodyOf(gate, decision), signal };
  let unsure = false;
  try {
    await patiently(
      signal,
      () => platform.client().call(decision.type === "approved" ? "tasks.approve" : "tasks.reject", given),
      () => {
        unsure = true;
      },
    );
    return { gate, decision, outcome: "accepted" };
  } catch (error) {
    if (error instanceof NtroError && ["GATE_NOT_OPEN", "TASK_CLOSED"].includes(error.code))
      return { gate, decision, outcome: unsure ? "unsure" : "refused" };
    throw error;
  }
}

function bodyOf(gate: string, decision: Decision): DecideTask {
  if (decision.type === "rejected") return { gate, reason: decision.reason };
  const { amount } = decision;
  return amount === "" ? { gate } : { gate, corrections: [{ line: "line", field: "amount", value: amount }] };
}
