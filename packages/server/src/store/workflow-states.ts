import type { Selectable, Transaction } from "kysely";
import type { HeardState } from "../core/project-state";
import type { Db } from "./database";
import type { Tables } from "./tables";

/** What was last heard of a task and of each of its children. */
export async function readHeardStates(db: Db, taskId: string): Promise<HeardState[]> {
  const rows = await db
    .selectFrom("workflow_states")
    .selectAll()
    .where("task_id", "=", taskId)
    .orderBy("workflow_id")
    .execute();
  return rows.map(toHeardState);
}

function toHeardState(row: Selectable<Tables["workflow_states"]>): HeardState {
  return {
    workflowId: row.workflow_id,
    runId: row.run_id,
    seq: row.seq,
    steps: row.steps,
    currentStep: row.current_step,
    gates: row.gates,
    children: row.children,
    codeFailing: row.code_failing,
    reportedAt: row.reported_at,
  };
}

/** Keeps what was heard in place of what was heard before. Hold the task's row. */
export async function putHeardState(trx: Transaction<Tables>, taskId: string, state: HeardState): Promise<void> {
  const values = {
    run_id: state.runId,
    seq: state.seq,
    steps: JSON.stringify(state.steps),
    current_step: state.currentStep,
    gates: JSON.stringify(state.gates),
    children: JSON.stringify(state.children),
    code_failing: state.codeFailing === null ? null : JSON.stringify(state.codeFailing),
    reported_at: state.reportedAt,
  };
  await trx
    .insertInto("workflow_states")
    .values({ workflow_id: state.workflowId, task_id: taskId, ...values })
    .onConflict((conflict) => conflict.column("workflow_id").doUpdateSet(values))
    .execute();
}
