import type { Lock, NtroState, TaskFailure } from "@ntro/contract";

/** How an execution stands in Temporal. */
export type ExecutionState =
  | { readonly status: "running"; readonly runId: string }
  | { readonly status: "completed"; readonly runId: string; readonly closedAt: Date; readonly result: unknown }
  | { readonly status: "failed"; readonly runId: string; readonly closedAt: Date; readonly failure: TaskFailure }
  | { readonly status: "absent" };

export interface StartExecution {
  readonly workflowId: string;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: Record<string, unknown>;
  readonly lock: Lock;
  readonly tenantSlug: string;
}

export interface EngineSchedule {
  /** The schedule's id: the workflow row's id. */
  readonly id: string;
  /** Five fields. */
  readonly cron: string;
  /** IANA. */
  readonly timezone: string;
  readonly note: string;
}

/** A backfill to be carried out. */
export interface EngineBackfill {
  readonly id: string;
  /** In the order in which they start. */
  readonly periods: readonly string[];
  /** How many of its tasks may be open at once. */
  readonly lanes: number;
}

/** Which fire times are asked for: the first `count` (at most 1,000) after a moment, the moment itself left out, up to `until` where it is given. */
export interface FireTimes {
  readonly after: Date;
  readonly until?: Date;
  readonly count: number;
}

/** The schedule that Temporal has; null parts where one that is older than this knowledge made it. */
export interface ScheduleSpec {
  readonly cron: string | null;
  readonly timezone: string | null;
}

/** Schedules of workflows, named by the workflow's id. Fire times are always those that Temporal computes. */
export interface Schedules {
  /** Creates the schedule, or makes the existing one as given. Throws `SCHEDULE_INVALID` for what Temporal refuses. */
  put(schedule: EngineSchedule): Promise<void>;
  /** Removes the schedule; one that is not there is removed. */
  remove(id: string): Promise<void>;
  /** What Temporal has; null when it has no such schedule. */
  spec(id: string): Promise<ScheduleSpec | null>;
  /** Fire times, past ones too, soonest first; null when Temporal knows no such schedule. One that was removed is known for a while. */
  times(id: string, range: FireTimes): Promise<readonly Date[] | null>;
  /** Has a time fire as if it were now. Whoever is fired must bear it twice. A schedule that is not there does not fire. */
  fireAgain(id: string, time: Date): Promise<void>;
  /** Fire times of a schedule that nobody has. Throws `SCHEDULE_INVALID`. */
  preview(spec: { readonly cron: string; readonly timezone: string }, range: FireTimes): Promise<readonly Date[]>;
  /** Removes what previews leave in Temporal when this process is killed in the middle. */
  dropPreviews(): Promise<void>;
}

/** An execution as Temporal shows it; `events` are the newest of its history, oldest first. */
export interface Inspection {
  readonly runId: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  readonly startedAt: Date;
  readonly closedAt: Date | null;
  readonly historyLength: number;
  readonly events: readonly {
    readonly eventId: number;
    readonly eventType: string;
    readonly timestamp: string;
    readonly activityName?: string;
    readonly activityId?: string;
    readonly failureMessage?: string;
  }[];
}

/** An open execution as far as a repair concerns it. */
export interface OpenLook {
  readonly workflowType: string;
  readonly historyLength: number;
  /** `busy`: its code has something to do right now, and so may be about to add to the history. `failing`: what it had to do has failed and is tried again. */
  readonly code: "waits" | "busy" | "failing";
  /** Ids of its children that run. */
  readonly children: readonly string[];
}

/** An answer that workflow code refused, with the protocol's error type and message; nothing changed. */
export class AnswerRefused extends Error {
  override readonly name = "AnswerRefused";
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The port to Temporal; `engine/` holds the only files that know its client. Methods throw `ENGINE_UNAVAILABLE` when Temporal does not answer and
 * `TASK_UNREACHABLE` when no host answers a query or an update within its deadline, `TASK_CLOSED` when there is nobody left to answer.
 */
export interface Engine {
  /** Starts an execution; when one of this id exists already, nothing happens and its run id is given. */
  start(execution: StartExecution): Promise<{ runId: string }>;
  /** Everything workflow code says of itself; bounded to `deadlineMs` (default 12,000: a host that is being started answers within it). */
  state(workflowId: string, deadlineMs?: number): Promise<NtroState>;
  /** Sends an update and waits until workflow code has taken it. `updateId` makes a repetition harmless. Throws {@link AnswerRefused}. */
  update(workflowId: string, name: string, updateId: string, argument: unknown): Promise<void>;
  /** How it stands, with result or failure once closed. With `waitMs` (default 0) an execution that still runs is waited for that long. */
  describe(workflowId: string, waitMs?: number): Promise<ExecutionState>;
  /** Type, queue, times and the newest history events of an execution; null when Temporal does not know it. */
  inspect(workflowId: string): Promise<Inspection | null>;
  /** How an open execution stands; null when it has ended or Temporal does not know it. */
  look(workflowId: string): Promise<OpenLook | null>;
  /** When an event of an execution's history was; null when there is no such event. */
  timeOfEvent(workflowId: string, eventId: number): Promise<Date | null>;
  /** Signals an execution; under the same request id it arrives once. One that has ended is none the wiser. */
  signal(workflowId: string, name: string, requestId: string, argument: unknown): Promise<void>;
  /** Asks an execution to stop; children are asked by Temporal. */
  cancel(workflowId: string, reason: string): Promise<void>;
  /** Ends an execution at once (its code cannot answer). */
  terminate(workflowId: string, reason: string): Promise<void>;
  /** Ids of executions on our queues that closed after a moment: one visibility sweep. */
  closedSince(since: Date): Promise<readonly string[]>;
  /** Whether tasks of workflows or activities wait on a queue for a worker. */
  hasBacklog(taskQueue: string): Promise<boolean>;
  readonly schedules: Schedules;
  /** Starts a backfill's control workflow, once. */
  startBackfill(backfill: EngineBackfill): Promise<void>;
  /** Whether Temporal answers. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
