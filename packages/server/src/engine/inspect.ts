import { CONTROL_QUEUE, rootTaskId } from "@ntro/contract";
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from "@temporalio/client";
import type { Inspection } from "./engine";
import { GRPC, grpcCode } from "./failure";

type HistoryEvent = NonNullable<
  NonNullable<Awaited<ReturnType<Client["workflowService"]["getWorkflowExecutionHistoryReverse"]>>["history"]>["events"]
>[number];
type PendingActivity = NonNullable<Awaited<ReturnType<WorkflowHandle["describe"]>>["raw"]["pendingActivities"]>[number];
/** How many of the newest events are shown. */
const NEWEST = 100;

/** What Temporal's own view of an execution shows; null when it does not know the execution. */
export async function inspectExecution(client: Client, workflowId: string): Promise<Inspection | null> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    const [about, history] = await Promise.all([
      handle.describe(),
      client.workflowService.getWorkflowExecutionHistoryReverse({
        namespace: client.options.namespace,
        execution: { workflowId },
        maximumPageSize: NEWEST,
      }),
    ]);
    const events = (history.history?.events ?? []).toReversed();
    const scheduled = new Map(
      events.map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes]),
    );
    const failing = new Map(
      (about.raw.pendingActivities ?? []).map((activity) => [activity.activityId, tries(activity)]),
    );
    return {
      runId: about.runId,
      taskQueue: about.taskQueue,
      workflowType: about.type,
      startedAt: about.startTime,
      closedAt: about.closeTime ?? null,
      historyLength: about.historyLength,
      events: events.map((event) => {
        const tried = failing.get(event.activityTaskScheduledEventAttributes?.activityId);
        return { ...showEvent(event, scheduled), ...(tried ? { failureMessage: tried } : {}) };
      }),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || grpcCode(error) === GRPC.notFound) return null;
    throw error;
  }
}

/** How an activity that is tried again has failed so far; history has nothing of it until it ends. */
function tries({ attempt, lastFailure }: PendingActivity): string | undefined {
  if (!lastFailure) return undefined;
  const times = Math.max(1, (attempt ?? 1) - 1);
  const type = lastFailure.applicationFailureInfo?.type;
  const [place] = [...(lastFailure.stackTrace ?? "").matchAll(PYTHON_FRAME)].slice(-1);
  const said = `${type ? `${type}: ` : ""}${lastFailure.message}${place ? ` (${place[1]}:${place[2]})` : ""}`;
  return `failed ${times === 1 ? "once" : `${times} times`}, is tried again: ${said}`;
}

/** A frame of a bundle, as hosts of Python bundles tell it: its path is the bundle's. */
const PYTHON_FRAME = /File "([^"/<][^"]*)", line (\d+)/g;

type Scheduled = ReadonlyMap<string, HistoryEvent["activityTaskScheduledEventAttributes"]>;

function showEvent(event: HistoryEvent, scheduled: Scheduled): Inspection["events"][number] {
  const ended =
    event.activityTaskStartedEventAttributes ??
    event.activityTaskCompletedEventAttributes ??
    event.activityTaskFailedEventAttributes ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  const activity = event.activityTaskScheduledEventAttributes ?? scheduled.get(String(ended?.scheduledEventId));
  const failure =
    event.activityTaskFailedEventAttributes?.failure ??
    event.activityTaskTimedOutEventAttributes?.failure ??
    event.workflowTaskFailedEventAttributes?.failure ??
    event.workflowExecutionFailedEventAttributes?.failure;
  const message = failure?.cause?.message ?? failure?.message;
  return {
    eventId: Number(event.eventId),
    eventType: eventName(event),
    timestamp: eventTime(event).toISOString(),
    ...(activity?.activityType?.name ? { activityName: activity.activityType.name } : {}),
    ...(activity?.activityId ? { activityId: activity.activityId } : {}),
    ...(message ? { failureMessage: message } : {}),
  };
}

/** Named by the attributes it carries: `ActivityTaskScheduled`, as Temporal's own tools show it. */
function eventName(event: HistoryEvent): string {
  const carried = Object.entries(event).find(([key, value]) => key.endsWith("EventAttributes") && value);
  const name = carried?.[0].replace(/EventAttributes$/, "") ?? "unspecified";
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** When an event was. */
export function eventTime(event: HistoryEvent): Date {
  return new Date(Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1_000_000));
}

/** Ids of the tasks whose executions closed after a moment: one visibility sweep. */
export async function closedTasks(client: Client, since: Date): Promise<string[]> {
  const query = `ExecutionStatus != "Running" AND CloseTime >= "${since.toISOString()}"`;
  const ids: string[] = [];
  for await (const { workflowId, taskQueue } of client.workflow.list({ query, pageSize: 500 }))
    if (taskQueue.startsWith("ntro/") && taskQueue !== CONTROL_QUEUE && rootTaskId(workflowId) === workflowId)
      ids.push(workflowId);
  return ids;
}
