import type { DecideUpdate } from "@ntro/contract/protocol";
import type { Approved, Rejected } from "../gates";
import type { GateBehaviour, Settled } from "./gate";
import { refuse } from "./refusal";

export interface ApprovalOptions {
  readonly title: string;
  readonly instructions?: string | undefined;
  readonly show?: unknown;
  readonly labels?: Labels | undefined;
  /** Whether the step keeps this answer; true unless given. */
  readonly kept?: boolean;
}

interface Labels {
  readonly approve?: string | undefined;
  readonly reject?: string | undefined;
}

/** The two buttons as a display hint's config has them. */
export function decisionButtons(labels: Labels = {}) {
  const { approve = "Approve", reject = "Reject" } = labels;
  return {
    approve_label: approve,
    reject_label: reject,
    actions: [
      { kind: "reject", label: reject },
      { kind: "approve", label: approve, primary: true },
    ],
  };
}

/** What agents may call at a review. */
export const DECISION_TOOLS = ["ntro_task_approve", "ntro_task_reject"];

/** Something shown as it is, to approve or reject. */
export function approval(options: ApprovalOptions): GateBehaviour<Approved | Rejected> {
  const { title, instructions, show, labels, kept = true } = options;
  const config = {
    title,
    ...(instructions === undefined ? {} : { instructions }),
    ...decisionButtons(labels),
  };
  return {
    kind: "interactive_review",
    component: "APPROVAL_FORM",
    title,
    reasonRequired: true,
    kept,
    view: () => ({
      action: {
        kind: "interactive_review",
        reason: title,
        display_hint: { component: "APPROVAL_FORM", config },
        ...(show === undefined ? {} : { payload: show }),
        tools: DECISION_TOOLS,
      },
    }),
    decide: (answer) => decision(answer),
  };
}

function decision(answer: DecideUpdate): () => Settled<Approved | Rejected> {
  if (answer.corrections.length > 0)
    refuse("CORRECTION_REFUSED", "There is no table to correct here; approve or reject it as it is.");
  if (answer.type === "rejected") return rejection(answer);
  const { reason, actedBy, at } = answer;
  return () => ({ outcome: { decision: "approved", approvedBy: actedBy, reason, at }, decision: answer });
}

/** A rejection, or a refusal where it gives no reason. */
export function rejection(answer: DecideUpdate): () => Settled<Rejected> {
  const { actedBy, at } = answer;
  const reason = answer.reason?.trim() || refuse("REASON_REQUIRED", "A rejection needs a reason.");
  return () => ({ outcome: { decision: "rejected", reason, rejectedBy: actedBy, at }, decision: answer });
}
