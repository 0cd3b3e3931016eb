import { setTimeout as delay } from "node:timers/promises";
import { type WorkflowHandle, WorkflowUpdateFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { AnswerRefused } from "./engine";

/** What Temporal itself calls a workflow that ended while it worked on an accepted update. */
const ENDED_WHILE_ANSWERING = "AcceptedUpdateCompletedWorkflow";
/** What it calls an update that no workflow code has seen: the host that took it gave it back unread, as one does that drops the execution just then. */
const GIVEN_BACK = "UnprocessedUpdate";
/** Before such an update is sent again. */
const GIVEN_BACK_PAUSE_MS = 100;

/**
 * Sends an update until workflow code has taken it; one that is given back unread is sent again, which the deadline of the caller bounds.
 * @throws AnswerRefused what workflow code refuses it with; what keeps it from being sent
 */
export async function sendUpdate(
  handle: WorkflowHandle,
  name: string,
  updateId: string,
  argument: unknown,
): Promise<void> {
  const send = () => handle.executeUpdate<unknown, [unknown]>(name, { args: [argument], updateId });
  while ((await outcomeOf(send())) === "given back") await delay(GIVEN_BACK_PAUSE_MS);
}

async function outcomeOf(sent: Promise<unknown>): Promise<"taken" | "given back"> {
  try {
    await sent;
    return "taken";
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    const { cause } = error;
    const type = cause instanceof ApplicationFailure ? (cause.type ?? "") : "";
    if (type === GIVEN_BACK) return "given back";
    if (type === ENDED_WHILE_ANSWERING) return "taken";
    throw new AnswerRefused(type, cause?.message ?? error.message);
  }
}
