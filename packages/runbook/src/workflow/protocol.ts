import { QUERIES, UPDATES } from "@ntro/contract/names";
import {
  type ChildState,
  DecideUpdate,
  IngestUpdate,
  type NtroState,
  type PendingAction,
  RowActionUpdate,
  SubmitUpdate,
} from "@ntro/contract/protocol";
import { defineQuery, defineUpdate, setHandler } from "@temporalio/workflow";
import type * as z from "zod";
import type { GateRegistry } from "./gate";
import { refuse } from "./refusal";
import type { TaskState } from "./task-state";

/** Registers the published queries, `ntro_state`, and the updates that a gate's token guards. */
export function serveProtocol(state: TaskState, gates: GateRegistry): void {
  serveQueries(state);
  serveUpdate(UPDATES.decide, DecideUpdate, (answer) => gates.decide(answer));
  serveUpdate(UPDATES.submit, SubmitUpdate, (answer) => gates.submit(answer));
  serveUpdate(UPDATES.rowAction, RowActionUpdate, (answer) => gates.rowAction(answer));
  serveUpdate(UPDATES.ingest, IngestUpdate, () => refuse("DATA_NOT_TAKEN", "This runbook takes no rows as data."));
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
  setHandler(defineQuery(QUERIES.pendingAction), () => pendingAction(state));
  setHandler(defineQuery(QUERIES.steps), () =>
    state.steps.map(({ id, title, status, icon }) => ({ id, title, status, ...(icon === undefined ? {} : { icon }) })),
  );
  setHandler(defineQuery(QUERIES.uiState), () => uiState(state));
  setHandler(defineQuery(QUERIES.snapshots), () => state.snapshots);
  setHandler(defineQuery(QUERIES.children), () => childrenByStep(state, ({ step_id: _, ...child }) => child));
}

/** What the oldest open gate shows. */
function oldest(state: TaskState): PendingAction | undefined {
  const [gate] = state.gates.values();
  return gate?.view().action;
}

/** The oldest open gate, else the running children to look into. */
function pendingAction(state: TaskState): PendingAction | null {
  const action = oldest(state);
  if (action) return action;
  const running = [...state.children.values()].filter((child) => child.status === "running");
  if (running.length === 0) return null;
  return {
    kind: "drill_down",
    reason: "Waiting for child runbooks",
    children: running.map((child) => ({ task_id: child.workflow_id, step_id: child.step_id, slug: child.slug })),
  };
}

function uiState(state: TaskState) {
  return {
    current_step_id: state.currentStep,
    steps_completed: state.steps.filter((step) => step.status === "completed").map((step) => step.id),
    children: childrenByStep(state, ({ run_id, slug, status }) => ({ run_id, slug, status })),
    pending_payload: oldest(state)?.payload ?? null,
  };
}

function childrenByStep<T>(state: TaskState, show: (child: ChildState) => T): Record<string, T[]> {
  const byStep: Record<string, T[]> = {};
  for (const child of state.children.values()) byStep[child.step_id] = [...(byStep[child.step_id] ?? []), show(child)];
  return byStep;
}
