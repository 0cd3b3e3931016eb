import type { WorkflowState } from "../core/child-slots";
import { asReports } from "../core/project-state";
import type { Services } from "../services";
import type { TaskRow } from "../store/tasks";
import { readHeardStates } from "../store/workflow-states";
import { takeReports } from "./report";

/** Puts right what a lost report left wrong, from what a task's workflows say of themselves. Whether anything was wrong. */
export async function catchUpWithState(
  services: Services,
  task: Pick<TaskRow, "id" | "tenant_id" | "run_id" | "workflow_type">,
  states: readonly WorkflowState[],
): Promise<boolean> {
  const heard = await readHeardStates(services.db, task.id);
  const reports = asReports(states, heard, { runId: task.run_id, workflowType: task.workflow_type, at: new Date() });
  if (reports.length === 0) return false;
  await takeReports(services, { role: "worker", tenantId: task.tenant_id }, reports);
  return true;
}
