import { QUERIES, SIGNALS, UPDATES } from "@ntro/contract/names";
import {
  type Correction,
  DecideUpdate,
  DocumentRef,
  decideUpdate,
  type NtroState,
  type PendingAction,
  RowActionUpdate,
  SubmitUpdate,
} from "@ntro/contract/protocol";
import { defineQuery, defineSignal, defineUpdate, setHandler } from "@temporalio/workflow";
import type * as z from "zod";
import type { GateRegistry } from "./gate";
import { refuse } from "./refusal";
import { type TaskState, timestamp } from "./task-state";

/** Registers the published queries and signals, `ntro_state`, and the updates that a gate's token guards. */
export function serveProtocol(state: TaskState, gates: GateRegistry): void {
  serveQueries(state);
  serveUpdate(UPDATES.decide, DecideUpdate, (answer) => gates.decide(answer));
  serveUpdate(UPDATES.submit, SubmitUpdate, (answer) => gates.submit(answer));
  serveUpdate(UPDATES.rowAction, RowActionUpdate, (answer) => gates.rowAction(answer));
  serveSignals(gates);
}

/** An update is checked before it is accepted, and again when it is applied: another answer may have come in between. */
function serveUpdate<S extends z.ZodType>(name: string, schema: S, check: (answer: z.output<S>) => () => void): void {
  const checked = (argument: unknown): (() => void) => {
    const parsed = schema.safeParse(argument);
    if (!parsed.success)
      refuse(
        "REQUEST_INVALID",
        `The answer has not the form of ${name}: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
      );
    return check(parsed.data);
  };
  setHandler(
    defineUpdate<{ accepted: true }, [unknown]>(name),
    (argument) => {
      checked(argument)();
      return { accepted: true };
    },
    { validator: (argument) => void checked(argument) },
  );
}

function serveQueries(state: TaskState): void {
  setHandler(defineQuery<NtroState>(QUERIES.state), () => state.read());
  setHandler(defineQuery(QUERIES.pendingAction), () => pendingAction(state.read()));
  setHandler(defineQuery(QUERIES.steps), () =>
    state.steps.map(({ id, title, status, icon }) => ({ id, title, status, ...(icon === undefined ? {} : { icon }) })),
  );
  setHandler(defineQuery(QUERIES.uiState), () => uiState(state.read()));
  setHandler(defineQuery(QUERIES.snapshots), () => state.snapshots);
  setHandler(defineQuery(QUERIES.children), () =>
    childrenByStep(state.read(), (child) => ({
      workflow_id: child.workflow_id,
      run_id: child.run_id,
      slug: child.slug,
      status: child.status,
    })),
  );
}

/** The oldest open gate, else the running children to look into. */
function pendingAction({ gates, children }: NtroState): PendingAction | null {
  const [gate] = gates;
  if (gate) return gate.action;
  const running = children.filter((child) => child.status === "running");
  if (running.length === 0) return null;
  return {
    kind: "drill_down",
    reason: "Waiting for child runbooks",
    children: running.map((child) => ({ task_id: child.workflow_id, step_id: child.step_id, slug: child.slug })),
  };
}

function uiState(state: NtroState) {
  return {
    current_step_id: state.current_step,
    steps_completed: state.steps.filter((step) => step.status === "completed").map((step) => step.id),
    children: childrenByStep(state, (child) => ({ run_id: child.run_id, slug: child.slug, status: child.status })),
    pending_payload: state.gates[0]?.action.payload ?? null,
  };
}

function childrenByStep<T>(state: NtroState, show: (child: NtroState["children"][number]) => T): Record<string, T[]> {
  const byStep: Record<string, T[]> = {};
  for (const child of state.children) byStep[child.step_id] = [...(byStep[child.step_id] ?? []), show(child)];
  return byStep;
}

/** Published clients signal; without a token a signal answers only where there is no doubt which gate is meant. */
function serveSignals(gates: GateRegistry): void {
  setHandler(defineSignal<[unknown]>(SIGNALS.userAction), (argument) => quietly(() => onUserAction(gates, argument)));
  setHandler(defineSignal<[unknown]>(SIGNALS.documentSubmitted), (argument) =>
    quietly(() => onDocument(gates, argument)),
  );
}

/** A signal that fits no gate changes nothing; it must not fail the task either. */
function quietly(answer: () => void): void {
  try {
    answer();
  } catch {
    return;
  }
}

const SENDER = { id: "signal", name: "Signal", via: "system" } as const;

function onUserAction(gates: GateRegistry, argument: unknown): void {
  const given = (argument ?? {}) as {
    kind?: string;
    type?: string;
    action?: string;
    reason?: string;
    comments?: string;
    corrections?: Correction[];
    payload?: Record<string, string>;
  };
  const open = gates.openOf("interactive_review");
  const [gate] = open;
  if (!gate || open.length > 1) return;
  if (given.kind === "row_action") {
    const { action, row_id, field, value } = given.payload ?? {};
    gates.rowAction(
      RowActionUpdate.parse({ gate: gate.token, action, row_id, field, value, actedBy: SENDER, at: timestamp() }),
    )();
    return;
  }
  const rejected = given.type === "rejected" || given.kind === "reject" || given.action === "reject";
  const reason = given.reason ?? given.comments ?? (rejected ? "Rejected by signal" : undefined);
  gates.decide(
    decideUpdate({
      gate: gate.token,
      decision: rejected ? "rejected" : "approved",
      reason,
      corrections: given.corrections ?? [],
      actor: SENDER,
      at: timestamp(),
    }),
  )();
}

function onDocument(gates: GateRegistry, argument: unknown): void {
  const given = { size_bytes: 0, sha256: "", ...(argument as object) } as Record<string, unknown>;
  const document = DocumentRef.parse(given);
  for (const gate of gates.openOf("submit_file", "submit_files")) {
    try {
      gates.submit({
        ...document,
        gate: gate.token,
        tenant_slug: String(given.tenant_slug ?? ""),
        entity_slug: String(given.entity_slug ?? ""),
        actedBy: SENDER,
        at: timestamp(),
      })();
      return;
    } catch {
      // This gate asks for another source; the next may ask for this one.
    }
  }
}
