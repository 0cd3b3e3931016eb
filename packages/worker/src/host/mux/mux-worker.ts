import type { NativeConnection, Worker, WorkerOptions } from "@temporalio/worker";
import type { MultiplexerHooks } from "./multiplexer";
import { type OpenMultiplexer, openMultiplexer, selfTestThreads, type WorkflowThreadOptions } from "./open-multiplexer";
import type { Prelude } from "./revision";
import { createSdkWorker, type InjectedSinks, type Sinks } from "./sdk-worker";
import type { PoolStatus, ThreadPool } from "./thread-pool";

/** Tuning passed on to the SDK's worker as it is. */
type WorkerTuning = Partial<
  Pick<
    WorkerOptions,
    | "identity"
    | "shutdownGraceTime"
    | "shutdownForceTime"
    | "maxCachedWorkflows"
    | "maxConcurrentWorkflowTaskExecutions"
    | "maxConcurrentActivityTaskExecutions"
    | "maxConcurrentLocalActivityExecutions"
    | "maxConcurrentWorkflowTaskPolls"
    | "maxConcurrentActivityTaskPolls"
    | "workflowTaskPollerBehavior"
    | "activityTaskPollerBehavior"
    | "maxTaskQueueActivitiesPerSecond"
    | "maxActivitiesPerSecond"
    | "maxEagerActivityReservationsPerWorkflowTask"
    | "stickyQueueScheduleToStartTimeout"
    | "maxHeartbeatThrottleInterval"
    | "defaultHeartbeatThrottleInterval"
    | "dataConverter"
    | "interceptors"
    | "tuner"
  >
>;

/** Options of {@link createMuxWorker}. */
export interface MuxWorkerOptions extends MultiplexerHooks, WorkflowThreadOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Runs every activity; it reads `Context.current().info.{workflowType, activityType}` to know which. */
  readonly activities: { default: (...args: unknown[]) => Promise<unknown> };
  readonly sinks?: InjectedSinks<Sinks>;
  readonly tuning?: WorkerTuning;
}

/** One Temporal worker that runs many revisions, by workflow type name. */
export class MuxWorker {
  /** @param worker of the SDK; @param pool its workflow threads */
  constructor(
    private readonly worker: Worker,
    private readonly pool: ThreadPool,
  ) {}

  /** Polls until {@link shutdown}; rejects when the worker failed. */
  run(): Promise<void> {
    return this.worker.run();
  }

  /** How many activities run here now, local ones included. */
  activitiesUnderWay(): number {
    return this.worker.getStatus().numInFlightActivities;
  }

  /** Asks the worker to drain and stop; `run` resolves when it has. */
  shutdown(): void {
    this.worker.shutdown();
  }

  /** State of the SDK's worker. */
  state(): ReturnType<Worker["getState"]> {
    return this.worker.getState();
  }

  /** Counts of the SDK's worker: what is in flight, cached, polled for. */
  workerStatus(): ReturnType<Worker["getStatus"]> {
    return this.worker.getStatus();
  }

  /** What the workflow threads hold, and which types are in quarantine. */
  threadStatus(): Promise<PoolStatus> {
    return this.pool.status();
  }

  /**
   * Runs a tiny workflow through every ordinary thread, without a server.
   *
   * @param prelude to test with; it stays loaded
   * @throws Error that says what does not fit
   */
  selfTest(prelude: Prelude): Promise<void> {
    return selfTestThreads(this.pool, prelude);
  }
}

/**
 * Creates a worker for one task queue. It is not running yet.
 *
 * @param options see there
 * @throws Error when the installed SDK is not the one this was written for, when the self-test fails, or when the server
 * cannot be reached
 */
export async function createMuxWorker(options: MuxWorkerOptions): Promise<MuxWorker> {
  let opened: OpenMultiplexer | undefined;
  try {
    const worker = await createSdkWorker(
      {
        ...options.tuning,
        connection: options.connection,
        namespace: options.namespace,
        taskQueue: options.taskQueue,
        activities: options.activities,
        ...(options.sinks === undefined ? {} : { sinks: options.sinks }),
      },
      async (activityNames, logger) => {
        opened = await openMultiplexer(options, options, activityNames, logger);
        return opened.multiplexer;
      },
      (runId, message) => opened?.multiplexer.nondeterminismFound(runId, message),
    );
    if (opened === undefined) throw new Error("The SDK's worker did not ask for its workflow creator.");
    return new MuxWorker(worker, opened.pool);
  } catch (error) {
    await opened?.pool.destroy();
    throw error;
  }
}
