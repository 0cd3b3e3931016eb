import { randomUUID } from "node:crypto";
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import { defaultPayloadConverter } from "@temporalio/common";
import type { OpenLook } from "./engine";
import { GRPC, grpcCode } from "./failure";
import { eventTime } from "./inspect";

/** `WORKFLOW_EXECUTION_STATUS_RUNNING`. */
const RUNNING = 1;
/** Events asked for at a time. */
const PAGE = 500;

/** An execution as far as a repair concerns it; null when it has ended or is not known. */
export async function lookAtOpen(client: Client, workflowId: string): Promise<OpenLook | null> {
  try {
    const {
      workflowExecutionInfo: info,
      pendingWorkflowTask,
      pendingChildren,
    } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId },
    });
    if (info?.status !== RUNNING) return null;
    return {
      workflowType: info.type?.name ?? "",
      historyLength: Number(info.historyLength ?? 0),
      code: !pendingWorkflowTask ? "waits" : (pendingWorkflowTask.attempt ?? 1) > 1 ? "failing" : "busy",
      children: (pendingChildren ?? []).flatMap(({ workflowId: id }) => id ?? []),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === GRPC.notFound) return null;
    throw error;
  }
}

/** When an event of an execution's history was; null when it has no such event. */
export async function timeOfEvent(client: Client, workflowId: string, eventId: number): Promise<Date | null> {
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: PAGE,
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    const found = page.history?.events?.find((event) => Number(event.eventId) === eventId);
    if (found) return eventTime(found);
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return null;
}

/** Signals an execution; Temporal lets a request id in once. */
export async function signalOnce(
  client: Client,
  workflowId: string,
  { name, requestId, argument }: { readonly name: string; readonly requestId: string; readonly argument: unknown },
): Promise<void> {
  await client.workflowService.signalWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    signalName: name,
    requestId,
    input: { payloads: [defaultPayloadConverter.toPayload(argument)] },
  });
}

/** Asks an execution to stop, with a reason. */
export async function askToCancel(client: Client, workflowId: string, reason: string): Promise<void> {
  await client.workflowService.requestCancelWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId },
    requestId: randomUUID(),
    reason,
  });
}
