import { createHash } from "node:crypto";
import { CONTROL_QUEUE, DISPATCH_WORKFLOW, Dispatch, NtroError } from "@ntro/contract";
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from "@temporalio/client";
import { optionalDateToTs, tsToDate } from "@temporalio/common/lib/time.js";
import { CATCH_UP_MS } from "../core/dispatch";
import type { EngineSchedule, FireTimes, ScheduleSpec, Schedules } from "./engine";
import { GRPC, grpcCode, grpcDetails } from "./failure";

/** What begins the ids of the schedules that are there only to be asked for their fire times. */
const PREVIEW_PREFIX = "ntro-preview-";
const DAY = 86_400_000;
/** How far ahead fire times are looked for: the near span first, as most schedules fire within it and Temporal computes up to 1,000 times of a span. */
const SPANS = [40 * DAY, 80 * 365 * DAY];
const SECOND = 1_000;
/** How often a preview is begun anew when another process takes its schedule away meanwhile. */
const PREVIEW_ATTEMPTS = 5;

/** Runs calls to Temporal within their deadline, with Temporal's absence told as `ENGINE_UNAVAILABLE`. */
export type Call = <T>(work: () => Promise<T>) => Promise<T>;

/** Workflows' schedules as Temporal Schedules. */
export class TemporalSchedules implements Schedules {
  constructor(
    private readonly client: Client,
    private readonly namespace: string,
    private readonly call: Call,
  ) {}

  async put(schedule: EngineSchedule): Promise<void> {
    await this.call(() => this.#put(schedule));
  }

  async #put(schedule: EngineSchedule): Promise<void> {
    const options = optionsOf(schedule);
    await refusingBadSpecs(schedule, async () => {
      try {
        await this.client.schedule.create(options);
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        const { spec, policies, action } = options;
        await this.client.schedule
          .getHandle(options.scheduleId)
          .update(({ state }) => ({ spec, policies, action, state: { ...state, note: schedule.note } }));
      }
    });
  }

  async remove(id: string): Promise<void> {
    await this.call(() => this.#delete(scheduleId(id)));
  }

  async #delete(temporalId: string): Promise<void> {
    await unlessLost(async () => this.client.schedule.getHandle(temporalId).delete());
  }

  async spec(id: string): Promise<ScheduleSpec | null> {
    const found = await this.call(() => unlessLost(() => this.client.schedule.getHandle(scheduleId(id)).describe()));
    if (found === null) return null;
    const [argument] = found.action.args ?? [];
    const { schedule = null, timezone = null } = Dispatch.partial().safeParse(argument).data ?? {};
    return { cron: schedule, timezone };
  }

  async times(id: string, range: FireTimes): Promise<readonly Date[] | null> {
    return this.call(() => this.#times(scheduleId(id), range));
  }

  async #times(temporalId: string, { after, until, count }: FireTimes): Promise<readonly Date[] | null> {
    const ends = until === undefined ? SPANS.map((span) => new Date(after.getTime() + span)) : [until];
    let found: readonly Date[] | null = [];
    for (const end of ends) {
      found = end > after ? await this.#within(temporalId, after, end) : [];
      if (found === null || found.length >= count) break;
    }
    return found?.slice(0, count) ?? null;
  }

  /** The first 1,000 fire times in (after, end]; null when there is no such schedule. */
  async #within(temporalId: string, after: Date, end: Date): Promise<readonly Date[] | null> {
    const answer = await unlessLost(() =>
      this.client.workflowService.listScheduleMatchingTimes({
        namespace: this.namespace,
        scheduleId: temporalId,
        startTime: optionalDateToTs(after),
        endTime: optionalDateToTs(end),
      }),
    );
    return answer?.startTime.map(tsToDate) ?? null;
  }

  async fireAgain(id: string, time: Date): Promise<void> {
    const overlap = ScheduleOverlapPolicy.ALLOW_ALL;
    // The span's end is part of it, its start is not.
    const start = new Date(time.getTime() - SECOND);
    await this.call(() =>
      unlessLost(() => this.client.schedule.getHandle(scheduleId(id)).backfill({ start, end: time, overlap })),
    );
  }

  async preview(
    spec: { readonly cron: string; readonly timezone: string },
    range: FireTimes,
  ): Promise<readonly Date[]> {
    const digest = createHash("sha256")
      .update(JSON.stringify([spec.cron, spec.timezone]))
      .digest("hex");
    const id = `${PREVIEW_PREFIX}${digest.slice(0, 16)}`;
    for (let attempt = 1; ; attempt++) {
      const times = await this.call(() => this.#preview(id, spec, range));
      if (times !== null) return times;
      if (attempt === PREVIEW_ATTEMPTS)
        throw new NtroError("ENGINE_UNAVAILABLE", "Temporal does not keep the schedule to be previewed.", {
          hint: "Try again shortly.",
        });
    }
  }

  /** Null when another preview of the same schedule ended meanwhile. */
  async #preview(id: string, spec: { cron: string; timezone: string }, range: FireTimes) {
    try {
      await refusingBadSpecs(spec, () => this.client.schedule.create(previewOptions(id, spec)));
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
    try {
      return await this.#times(id, range);
    } finally {
      await this.#delete(id);
    }
  }

  async dropPreviews(): Promise<void> {
    await this.call(async () => {
      // Nothing else is ever paused in Temporal: pauses of workflows are kept in their own rows.
      for await (const { scheduleId } of this.client.schedule.list({ query: "TemporalSchedulePaused = true" }))
        if (scheduleId.startsWith(PREVIEW_PREFIX)) await this.#delete(scheduleId);
    });
  }
}

function scheduleId(id: string): string {
  return `ntro-workflow-${id}`;
}

function optionsOf({ id, cron, timezone, note }: EngineSchedule) {
  return {
    scheduleId: scheduleId(id),
    spec: { cronExpressions: [cron], timezone },
    // Whether a firing becomes a task is decided at dispatch, where it is recorded; the control workflow itself may overlap.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow: CATCH_UP_MS },
    action: {
      type: "startWorkflow",
      workflowType: DISPATCH_WORKFLOW,
      workflowId: `dispatch-${id}`,
      taskQueue: CONTROL_QUEUE,
      // Temporal gives back structured calendars, not the cron text: so a firing says itself by which schedule it fired.
      args: [{ workflowId: id, schedule: cron, timezone }],
    },
    state: { note },
  } satisfies ScheduleOptions;
}

/** A schedule that can never fire: paused, and out of actions, so that Temporal itself forgets one that nobody deletes. */
function previewOptions(id: string, { cron, timezone }: { cron: string; timezone: string }): ScheduleOptions {
  return {
    scheduleId: id,
    spec: { cronExpressions: [cron], timezone },
    action: { type: "startWorkflow", workflowType: DISPATCH_WORKFLOW, workflowId: id, taskQueue: CONTROL_QUEUE },
    state: { paused: true, remainingActions: 0, note: "to show fire times; deleted at once" },
  };
}

async function refusingBadSpecs(
  { cron, timezone }: { readonly cron: string; readonly timezone: string },
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof TypeError) && grpcCode(error) !== GRPC.invalidArgument) throw error;
    throw new NtroError(
      "SCHEDULE_INVALID",
      `Temporal refuses the schedule "${cron}" in ${timezone}: ${grpcDetails(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Null where Temporal has no such schedule. */
async function unlessLost<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError || grpcCode(error) === GRPC.notFound) return null;
    throw error;
  }
}
