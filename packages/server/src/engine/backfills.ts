import { BACKFILL_WORKFLOW, CONTROL_QUEUE } from "@ntro/contract";
import { type WorkflowClient, WorkflowExecutionAlreadyStartedError } from "@temporalio/client";
import type { EngineBackfill } from "./engine";

/** Starts the control workflow of a backfill; one that was started before goes on as it is. */
export async function startBackfill(client: WorkflowClient, { id, periods, lanes }: EngineBackfill): Promise<void> {
  try {
    await client.start(BACKFILL_WORKFLOW, {
      workflowId: `backfill-${id}`,
      taskQueue: CONTROL_QUEUE,
      args: [{ backfillId: id, periods, lanes }],
      workflowIdReusePolicy: "REJECT_DUPLICATE",
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
