import type { NativeConnection, Worker, WorkerOptions } from "@temporalio/worker";
import { Multiplexer, type MultiplexerHooks } from "./multiplexer";
import type { Prelude } from "./revision";
import { createSdkWorker, type InjectedSinks, type Sinks } from "./sdk-worker";
import { selfTestThread } from "./self-test";
import { type PoolStatus, ThreadPool } from "./thread-pool";

/** Tuning passed on to the SDK's worker as it is. */
export type WorkerTuning = Partial<
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
export interface MuxWorkerOptions extends MultiplexerHooks {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Runs every activity; it reads `Context.current().info.{workflowType, activityType}` to know which. */
  readonly activities: { default: (...args: unknown[]) => Promise<unknown> };
  readonly sinks?: InjectedSinks<Sinks>;
  /** The bundled thread script; by default `workflow-thread.cjs` beside this module. */
  readonly threadScript?: string | URL;
  /** Number of workflow threads besides the quarantine thread; default 1. */
  readonly threads?: number;
  /** Heap limit of a workflow thread in MiB; default 512. */
  readonly threadHeapMb?: number;
  /** Longest time author code may run without yielding, in milliseconds; default 5000. */
  readonly executionTimeoutMs?: number;
  /** Revisions a thread keeps compiled; default 1000. */
  readonly maxRevisions?: number;
  /** When given, every ordinary thread passes the self-test with it before the worker exists, and has it loaded then. */
  readonly warmPrelude?: Prelude;
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
  async selfTest(prelude: Prelude): Promise<void> {
    await Promise.all(this.pool.ordinaryThreads().map((thread) => selfTestThread(thread, prelude)));
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
  let built: { pool: ThreadPool; multiplexer: Multiplexer } | undefined;
  const worker = await createSdkWorker(
    {
      ...options.tuning,
      connection: options.connection,
      namespace: options.namespace,
      taskQueue: options.taskQueue,
      activities: options.activities,
      ...(options.sinks === undefined ? {} : { sinks: options.sinks }),
    },
    (activityNames, logger) => {
      const pool = new ThreadPool({
        script: options.threadScript ?? new URL("./workflow-thread.cjs", import.meta.url),
        settings: {
          executionTimeoutMs: options.executionTimeoutMs ?? 5000,
          activityNames,
          maxRevisions: options.maxRevisions ?? 1000,
        },
        heapMb: options.threadHeapMb ?? 512,
        threads: options.threads ?? 1,
        logger,
      });
      built = { pool, multiplexer: new Multiplexer(pool, options, logger) };
      return built.multiplexer;
    },
    (runId, message) => built?.multiplexer.nondeterminismFound(runId, message),
  ).catch(async (error: unknown) => {
    await built?.pool.destroy();
    throw error;
  });
  if (built === undefined) throw new Error("The SDK's worker did not ask for its workflow creator.");
  const mux = new MuxWorker(worker, built.pool);
  if (options.warmPrelude !== undefined) await mux.selfTest(options.warmPrelude);
  return mux;
}
