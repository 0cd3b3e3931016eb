import type { ReplayReport } from "@ntro/contract";
import { stepAt } from "../core/repair";
import type { Services } from "../services";
import { isStoreAway } from "../store/database";
import { openRequests, putReplayReport } from "../store/repair-requests";
import type { CheckedReplay } from "../store/tables";
import { readHeardStates } from "../store/workflow-states";
import type { Duty } from "../upkeep";
import { advanceRepair } from "./repair-flow";
import { tellRepairs } from "./repair-signal";

/** The replay that a report is of. */
interface ReportedReplay {
  readonly id: string;
  readonly requestId: string;
  readonly taskId: string;
  readonly workflowId: string;
}

/** Takes what a host told of a replay, and goes on with the repair it is for. */
export async function takeReplayReport(
  services: Services,
  replay: ReportedReplay,
  report: ReplayReport,
): Promise<void> {
  await putReplayReport(services.db, replay.id, await withStep(services, replay, report));
  // The report is taken; what keeps the repair from going on now is tried again.
  await advanceRepair(services, replay.requestId).catch((error: unknown) =>
    services.log.warn({ err: error, repair: replay.requestId }, "a repair could not go on yet; it is tried again"),
  );
}

/** Adds the step that was under way where the history does not fit. */
async function withStep(services: Services, replay: ReportedReplay, report: ReplayReport): Promise<CheckedReplay> {
  if (report.status !== "unfit" || report.eventId === null) return report;
  const { engine, db, log } = services;
  const at = await engine.timeOfEvent(replay.workflowId, report.eventId).catch((error: unknown) => {
    log.warn({ err: error, ...replay }, "the step of an event could not be found");
    return null;
  });
  const heard = (await readHeardStates(db, replay.taskId)).find(({ workflowId }) => workflowId === replay.workflowId);
  return { ...report, step: at === null ? null : stepAt(heard?.steps ?? [], at) };
}

/** Goes on with repairs that a crash, or a Temporal that was away, has stopped. */
export function repairDuty(services: Services): Duty {
  return {
    name: "go on with repairs of tasks",
    every: 5_000,
    run: async () => {
      for (const { id } of await openRequests(services.db)) {
        try {
          await advanceRepair(services, id);
        } catch (error) {
          if (isStoreAway(error)) throw error;
          services.log.warn({ err: error, repair: id }, "a repair could not go on; it is tried again");
        }
      }
      await tellRepairs(services, null);
    },
  };
}
