import { ApplicationFailure } from "@temporalio/workflow";

/** Why an answer is refused; the server maps each on its error of the same code. */
export type RefusalType =
  | "GATE_NOT_OPEN"
  | "REASON_REQUIRED"
  | "CORRECTION_REFUSED"
  | "REQUEST_INVALID"
  | "DATA_NOT_TAKEN";

/** Refuses an update: nothing changes, the sender reads the message. */
export function refuse(type: RefusalType, message: string): never {
  throw ApplicationFailure.create({ type, message, nonRetryable: true });
}
