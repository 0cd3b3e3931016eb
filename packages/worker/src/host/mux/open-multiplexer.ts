import type { Logger } from "@temporalio/worker";
import { Multiplexer, type MultiplexerHooks } from "./multiplexer";
import type { Prelude } from "./revision";
import { selfTestThread } from "./self-test";
import { ThreadPool } from "./thread-pool";

/** How workflow threads are started. */
export interface WorkflowThreadOptions {
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
  /** Whether {@link MultiplexerHooks.onActivated} is told stacks. */
  readonly stacks?: boolean;
  /** When given, every ordinary thread passes the self-test with it before anything else, and has it loaded then. */
  readonly warmPrelude?: Prelude;
}

/** A multiplexer and the threads it runs workflows in. */
export interface OpenMultiplexer {
  readonly multiplexer: Multiplexer;
  readonly pool: ThreadPool;
}

/**
 * Starts workflow threads and a multiplexer on top.
 *
 * @param options of the threads
 * @param hooks of the host
 * @param activityNames registered with the worker
 * @param logger of the worker
 * @throws Error when the self-test with the warm prelude fails; no thread is left then
 */
export async function openMultiplexer(
  options: WorkflowThreadOptions,
  hooks: MultiplexerHooks,
  activityNames: readonly string[],
  logger: Logger,
): Promise<OpenMultiplexer> {
  const pool = new ThreadPool({
    script: options.threadScript ?? new URL("./workflow-thread.cjs", import.meta.url),
    settings: {
      executionTimeoutMs: options.executionTimeoutMs ?? 5000,
      activityNames,
      stacks: options.stacks ?? false,
      maxRevisions: options.maxRevisions ?? 1000,
    },
    heapMb: options.threadHeapMb ?? 512,
    threads: options.threads ?? 1,
    logger,
  });
  try {
    if (options.warmPrelude !== undefined) await selfTestThreads(pool, options.warmPrelude);
  } catch (error) {
    await pool.destroy();
    throw error;
  }
  return { pool, multiplexer: new Multiplexer(pool, hooks, logger) };
}

/** @throws Error that says what does not fit, when a tiny workflow does not run in every ordinary thread */
export async function selfTestThreads(pool: ThreadPool, prelude: Prelude): Promise<void> {
  await Promise.all(pool.ordinaryThreads().map((thread) => selfTestThread(thread, prelude)));
}
