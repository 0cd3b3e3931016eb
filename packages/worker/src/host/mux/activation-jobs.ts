import { REPAIRED_SIGNAL, RepairedSignal } from "@ntro/contract";
import { defaultPayloadConverter } from "@temporalio/common";
import type { Activation } from "./protocol";

/** Whether an activation only asks, so that it changes nothing. */
export function onlyQueries(activation: Activation): boolean {
  return activation.jobs?.every((job) => job.queryWorkflow != null) === true;
}

/** The repairs that an activation tells of, in the order of the history. What is no such signal of ours is left to the workflow's code. */
export function repairsIn(activation: Activation): RepairedSignal[] {
  return (activation.jobs ?? []).flatMap(({ signalWorkflow }) => {
    const [argument] = signalWorkflow?.signalName === REPAIRED_SIGNAL ? (signalWorkflow.input ?? []) : [];
    const repaired = RepairedSignal.safeParse(argument && defaultPayloadConverter.fromPayload(argument));
    return repaired.success ? [repaired.data] : [];
  });
}
