import { CONTROL_QUEUE, DISPATCH_WORKFLOW, NtroError } from "@ntro/contract";
import {
  ScheduleAlreadyRunning,
  type ScheduleClient,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from "@temporalio/client";
import type { EngineSchedule } from "./engine";
import { GRPC, grpcCode, grpcDetails } from "./failure";

/** How long a firing that was missed (Temporal was down) is still made up for. */
const CATCH_UP = "24 hours";

function scheduleId(id: string): string {
  return `ntro-workflow-${id}`;
}

/** Creates the schedule, or makes the existing one as given. Throws `SCHEDULE_INVALID` for what Temporal refuses. */
export async function putSchedule(client: ScheduleClient, schedule: EngineSchedule): Promise<void> {
  const spec = { cronExpressions: [schedule.cron], timezone: schedule.timezone };
  // Whether a firing becomes a task is decided at dispatch, where it is recorded; the control workflow itself may overlap.
  const policies = { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCH_UP } as const;
  const action = {
    type: "startWorkflow",
    workflowType: DISPATCH_WORKFLOW,
    workflowId: `dispatch-${schedule.id}`,
    taskQueue: CONTROL_QUEUE,
    args: [{ workflowId: schedule.id }],
  } as const;
  try {
    try {
      await client.create({
        scheduleId: scheduleId(schedule.id),
        spec,
        policies,
        action,
        state: { note: schedule.note },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.getHandle(scheduleId(schedule.id)).update((previous) => ({
        ...previous,
        spec,
        policies,
        action,
        state: { ...previous.state, note: schedule.note },
      }));
    }
  } catch (error) {
    if (!(error instanceof TypeError) && grpcCode(error) !== GRPC.invalidArgument) throw error;
    throw new NtroError(
      "SCHEDULE_INVALID",
      `Temporal refuses the schedule "${schedule.cron}" in ${schedule.timezone}: ${grpcDetails(error)}`,
      { cause: error },
    );
  }
}

/** Removes the schedule; one that is not there is removed. */
export async function deleteSchedule(client: ScheduleClient, id: string): Promise<void> {
  try {
    await client.getHandle(scheduleId(id)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

/** The next fire times, soonest first; Temporal gives ten at most. Empty when there is no schedule. */
export async function nextRuns(client: ScheduleClient, id: string, count: number): Promise<readonly Date[]> {
  try {
    return (await client.getHandle(scheduleId(id)).describe()).info.nextActionTimes.slice(0, count);
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return [];
    throw error;
  }
}
