import {
  type Correction,
  type DecideTask,
  type DecideUpdate,
  decideUpdate,
  type NtroError,
  type RowAction,
  type RowActionUpdate,
  rootTaskId,
  type SubmitUpdate,
  UPDATES,
} from "@ntro/contract";
import { actorOf } from "../core/access";
import { type LiveGate, liveGates } from "../core/child-slots";
import { fitCorrections, requireReason, requireRow, shownAt } from "../core/decide";
import { chooseReview } from "../core/gates";
import { requireOpen } from "../core/start-task";
import type { Caller } from "../http/handler";
import type { Services } from "../services";
import { requireTask, type TaskRow } from "../store/tasks";
import { explainNotOpen, type GivenAnswer, giveAnswer, requireWorkingCode, settleEarlierAnswers } from "./answer";
import { type LiveStates, readLiveStates } from "./live-state";

/** A task that can be answered now, and the gates that are open in it. */
export interface AnswerableTask {
  readonly task: TaskRow;
  readonly live: LiveStates;
  /** Of the whole task, or of the child that was named. */
  readonly gates: readonly LiveGate[];
}

/**
 * A task with its open gates, asked of its code.
 * @param id of a task, or of a child of it
 * @throws NtroError `TASK_NOT_FOUND`, `TASK_CLOSED`, `TASK_UNREACHABLE`
 */
export async function readAnswerable(services: Services, caller: Caller, id: string): Promise<AnswerableTask> {
  const task = await requireTask(services.db, caller, rootTaskId(id));
  requireOpen(task);
  requireWorkingCode(task);
  const live = await readLiveStates(services.engine, task.id);
  const gates = liveGates(live.states).filter((gate) => id === task.id || gate.workflowId === id);
  return { task, live, gates };
}

/** Picks a gate; what is not open is told with who answered it, and a child that does not answer is not taken for one that waits for nothing. */
export async function pickGate<T>(
  services: Services,
  { task, live }: AnswerableTask,
  token: string | undefined,
  pick: () => T,
): Promise<T> {
  try {
    return pick();
  } catch (error) {
    if (live.silent) throw live.silent;
    throw await explainNotOpen(services, task, token, error as NtroError);
  }
}

/**
 * Gives an answer at a gate, with what was shown there.
 * @throws NtroError see {@link giveAnswer}
 */
export async function answerGate(
  services: Services,
  { task, live }: AnswerableTask,
  { gate, workflowId }: Pick<LiveGate, "gate" | "workflowId">,
  updateName: GivenAnswer["updateName"],
  argument: (DecideUpdate | RowActionUpdate | SubmitUpdate) & Readonly<Record<string, unknown>>,
): Promise<void> {
  const shown = shownAt(gate, live.states.find((state) => state.workflowId === workflowId)?.state);
  const { actedBy: actor } = argument;
  await giveAnswer(services, task, { workflowId, gate: gate.token, updateName, argument, shown, actor });
}

/** Approves or rejects the review that waits. Throws `NtroError` for everything that does not fit; then nothing was decided. */
export async function decideTask(
  services: Services,
  caller: Caller,
  id: string,
  decision: "approved" | "rejected",
  body: DecideTask,
): Promise<void> {
  const answerable = await readAnswerable(services, caller, id);
  const { task } = answerable;
  const token = body.gate ?? undefined;
  const { gate, workflowId } = await pickGate(services, answerable, token, () =>
    chooseReview(task.id, answerable.gates, token),
  );
  requireReason(gate, decision, body.reason);
  const corrections = fitCorrections(gate, decision === "approved" ? (body.corrections ?? []) : []);
  await settleEarlierAnswers(services, task, gate.token);
  const argument = decideUpdate({
    gate: gate.token,
    decision,
    reason: body.reason?.trim() || undefined,
    corrections,
    actor: actorOf(caller),
    at: new Date().toISOString(),
  });
  await answerGate(services, answerable, { gate, workflowId }, UPDATES.decide, argument);
}

/** Changes one row of the review that waits. Throws `NtroError` for everything that does not fit; then nothing changed. */
export async function changeRow(services: Services, caller: Caller, id: string, body: RowAction): Promise<void> {
  const answerable = await readAnswerable(services, caller, id);
  const { task } = answerable;
  const token = body.gate ?? undefined;
  const { gate, workflowId } = await pickGate(services, answerable, token, () =>
    chooseReview(task.id, answerable.gates, token),
  );
  const edit = rowEdit(gate, body);
  if (edit === undefined) return;
  const argument: RowActionUpdate = {
    gate: gate.token,
    action: body.action,
    ...(body.ledger ? { ledger: body.ledger } : {}),
    ...edit,
    actedBy: actorOf(caller),
    at: new Date().toISOString(),
  };
  await answerGate(services, answerable, { gate, workflowId }, UPDATES.rowAction, argument);
}

/** What of a row changes; undefined when an edit leaves its cell as it is. */
function rowEdit(
  gate: LiveGate["gate"],
  body: RowAction,
): Pick<RowActionUpdate, "row_id" | "field" | "value" | "old_value"> | undefined {
  if (body.action !== "edit_cell") return { row_id: requireRow(gate, body.rowId) };
  const [correction]: Correction[] = fitCorrections(gate, [
    { line: body.rowId, field: body.field ?? "", value: body.value },
  ]);
  if (!correction) return undefined;
  const { row_id, field, new_value, old_value } = correction;
  return { row_id, field, value: new_value, ...(old_value === undefined ? {} : { old_value }) };
}
