import type { DecideUpdate } from "@ntro/contract/protocol";
import type { Approved, Rejected } from "../gates";
import type { GateBehaviour, Settled } from "./gate";
import { refuse } from "./refusal";

export interface ApprovalOptions {
  readonly title: string;
  readonly instructions?: string | undefined;
  readonly show?: unknown;
  readonly labels?: { readonly approve?: string | undefined; readonly reject?: string | undefined } | undefined;
}

/** Something shown as it is, to approve or reject. */
export function approval(options: ApprovalOptions): GateBehaviour<Approved | Rejected> {
  const approve = options.labels?.approve ?? "Approve";
  const reject = options.labels?.reject ?? "Reject";
  const config = {
    title: options.title,
    ...(options.instructions === undefined ? {} : { instructions: options.instructions }),
    approve_label: approve,
    reject_label: reject,
    actions: [
      { kind: "reject", label: reject },
      { kind: "approve", label: approve, primary: true },
    ],
  };
  return {
    kind: "interactive_review",
    title: options.title,
    reasonRequired: true,
    view: () => ({
      action: {
        kind: "interactive_review",
        reason: options.title,
        display_hint: { component: "APPROVAL_FORM", config },
        ...(options.show === undefined ? {} : { payload: options.show }),
        tools: ["ntro_task_approve", "ntro_task_reject"],
      },
    }),
    decide: (answer) => decision(answer),
  };
}

function decision(answer: DecideUpdate): () => Settled<Approved | Rejected> {
  const { type, reason, actedBy, at } = answer;
  if (answer.corrections.length > 0)
    refuse("CORRECTION_REFUSED", "There is no table to correct here; approve or reject it as it is.");
  if (type === "rejected" && !reason) refuse("REASON_REQUIRED", "A rejection needs a reason.");
  const outcome: Approved | Rejected =
    type === "approved"
      ? { decision: "approved", approvedBy: actedBy, reason, at }
      : { decision: "rejected", rejectedBy: actedBy, reason: reason ?? "", at };
  return () => ({ outcome, decision: answer });
}
