import { SIGNALS } from "@ntro/contract/names";
import { type Correction, DocumentRef, decideUpdate, RowActionUpdate } from "@ntro/contract/protocol";
import { defineSignal, setHandler } from "@temporalio/workflow";
import * as z from "zod";
import type { Gate, GateRegistry } from "./gate";
import { timestamp } from "./task-state";

/**
 * Published clients signal. A signal that names its gate reaches that gate or none; one that does not is taken only where there is no doubt which gate is
 * meant, and is lost where none is open, so it never answers a later one. A signal that fits no gate changes nothing.
 */
export function serveSignals(gates: GateRegistry): void {
  serve(SIGNALS.userAction, UserAction, (action) => onUserAction(gates, action));
  serve(SIGNALS.documentSubmitted, Submitted, (document) => onDocument(gates, document));
}

function serve<S extends z.ZodType>(name: string, schema: S, answer: (argument: z.output<S>) => void): void {
  setHandler(defineSignal<[unknown]>(name), (argument) => {
    const parsed = schema.safeParse(argument);
    if (!parsed.success) return;
    try {
      answer(parsed.data);
    } catch {
      // A refusal has nobody to go to; it must not fail the task.
      return;
    }
  });
}

const SENDER = { id: "signal", name: "Signal", via: "system" } as const;

/** The names that published bundles give a corrected row. */
const ROW_NAMES = ["row_id", "line_item_id", "expense_id", "id", "line_index"] as const;

const SignalledCorrection = z
  .looseObject({ field: z.string(), old_value: z.unknown().optional(), new_value: z.unknown() })
  .transform((given, context): Correction => {
    const name = ROW_NAMES.map((key) => given[key]).find((value) => value !== undefined);
    if (name === undefined) context.addIssue("A correction names its row.");
    const seen = given.old_value === undefined ? {} : { old_value: given.old_value };
    return { row_id: String(name), field: given.field, ...seen, new_value: given.new_value };
  });

/** A `user_action` in any of the published dialects. */
const UserAction = z.looseObject({
  gate: z.string().optional(),
  kind: z.string().nullish(),
  type: z.string().nullish(),
  action: z.string().nullish(),
  reason: z.string().nullish(),
  comments: z.string().nullish(),
  corrections: z.array(SignalledCorrection).nullish(),
  payload: z.unknown().optional(),
});
type UserAction = z.output<typeof UserAction>;

const Submitted = DocumentRef.partial({ size_bytes: true, sha256: true }).extend({
  gate: z.string().optional(),
  tenant_slug: z.string().default(""),
  entity_slug: z.string().default(""),
});
type Submitted = z.output<typeof Submitted>;

function onUserAction(gates: GateRegistry, given: UserAction): void {
  const open = gates
    .openOf("interactive_review")
    .filter((gate) => given.gate === undefined || gate.token === given.gate);
  const [gate] = open;
  if (!gate || open.length > 1) return;
  if (given.kind === "row_action") {
    changeRow(gates, gate, given.payload);
    return;
  }
  const decision = decisionOf(given);
  if (decision === undefined) return;
  const reason = given.reason ?? given.comments ?? (decision === "rejected" ? "Rejected by signal" : undefined);
  const corrections = given.corrections ?? [];
  gates.decide(decideUpdate({ gate: gate.token, decision, reason, corrections, actor: SENDER, at: timestamp() }))();
}

function changeRow(gates: GateRegistry, gate: Gate, payload: unknown): void {
  const change = RowActionUpdate.partial({ actedBy: true, at: true, gate: true }).parse(payload);
  gates.rowAction({ ...change, gate: gate.token, actedBy: SENDER, at: timestamp() })();
}

/** What all dialects that were spoken agree on; undefined where none says it or two differ. An approval is never guessed. */
function decisionOf({ kind, type, action }: UserAction): "approved" | "rejected" | undefined {
  const said = new Set([kind, type, action].flatMap((word) => (word && DECISIONS[word]) || []));
  return said.size === 1 ? [...said][0] : undefined;
}
const DECISIONS: Record<string, "approved" | "rejected"> = {
  approve: "approved",
  approved: "approved",
  reject: "rejected",
  rejected: "rejected",
};

function onDocument(gates: GateRegistry, document: Submitted): void {
  const takers = gates
    .openOf("submit_file", "submit_files")
    .filter((gate) => document.gate === undefined || gate.token === document.gate)
    .filter((gate) => gate.behaviour.openSources?.().includes(document.source));
  const [gate] = takers;
  if (!gate || takers.length > 1) return;
  gates.submit({
    size_bytes: 0,
    sha256: "",
    ...document,
    gate: gate.token,
    actedBy: SENDER,
    at: timestamp(),
  })();
}
