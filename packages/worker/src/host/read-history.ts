import type { temporal } from "@temporalio/proto";
import type { NativeConnection } from "@temporalio/worker";

export type History = temporal.api.history.v1.IHistory;
export type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/**
 * The whole history of an execution's newest run, as it is now.
 * @throws when Temporal does not answer or does not know the execution
 */
export async function readHistory(
  { workflowService }: NativeConnection,
  namespace: string,
  workflowId: string,
): Promise<History> {
  const events: HistoryEvent[] = [];
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId },
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
    });
    events.push(...(page.history?.events ?? []));
    nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
  } while (nextPageToken !== undefined);
  return { events };
}

/** How Temporal's own tools name an event: `ActivityTaskScheduled`. */
export function eventName(event: HistoryEvent): string | null {
  const carried = Object.entries(event).find(([key, value]) => key.endsWith("EventAttributes") && value);
  const name = carried?.[0].replace(/EventAttributes$/, "");
  return name ? name.charAt(0).toUpperCase() + name.slice(1) : null;
}
