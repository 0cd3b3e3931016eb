import type { Logger } from "@temporalio/worker";
import type { ThreadStats } from "./protocol";
import { type ThreadDeath, type ThreadOptions, WorkflowThread } from "./thread-client";

/** What the pool holds at one moment. */
export interface PoolStatus {
  readonly threads: readonly ({ readonly quarantine: boolean } & ThreadStats)[];
  /** Workflow types that only run in the quarantine thread, with the reason. */
  readonly quarantined: Readonly<Record<string, string>>;
}

/** Options of {@link ThreadPool}. */
export interface PoolOptions extends Omit<ThreadOptions, "onDeath"> {
  /** Number of ordinary threads, at least 1; the quarantine thread comes on top, when it is first needed. */
  readonly threads: number;
  readonly logger: Logger;
}

/**
 * The workflow threads of one worker. Executions go to the ordinary thread with the fewest of them; types that hit the
 * execution time limit or killed a thread go to the quarantine thread. A dead thread is replaced when next needed.
 */
export class ThreadPool {
  private readonly ordinary: (WorkflowThread | undefined)[];
  private quarantine: WorkflowThread | undefined;
  private readonly quarantinedTypes = new Map<string, string>();
  private readonly typeOfRun = new Map<string, string>();

  /** @param options starts the ordinary threads at once */
  constructor(private readonly options: PoolOptions) {
    this.ordinary = Array.from({ length: Math.max(1, options.threads) }, () => this.startThread());
  }

  /** @returns the thread on which a new execution of this type belongs */
  threadFor(type: string): WorkflowThread {
    if (this.quarantinedTypes.has(type)) return this.quarantineThread();
    let best = this.ordinaryThread(0);
    for (let index = 1; index < this.ordinary.length; index += 1) {
      const candidate = this.ordinaryThread(index);
      if (candidate.runs.size < best.runs.size) best = candidate;
    }
    return best;
  }

  /** All ordinary threads, alive. */
  ordinaryThreads(): WorkflowThread[] {
    return this.ordinary.map((_, index) => this.ordinaryThread(index));
  }

  /** Notes that an execution lives in a thread. */
  settle(runId: string, type: string, thread: WorkflowThread): void {
    thread.runs.add(runId);
    this.typeOfRun.set(runId, type);
  }

  /** Forgets an execution. */
  release(runId: string, thread: WorkflowThread): void {
    thread.runs.delete(runId);
    this.typeOfRun.delete(runId);
  }

  /** @returns whether an execution of a quarantined type still lives in an ordinary thread, where it must not run on */
  mustLeave(type: string, thread: WorkflowThread): boolean {
    return this.quarantinedTypes.has(type) && thread !== this.quarantine;
  }

  /** Sends all later executions of a type to the quarantine thread, for as long as this process lives. */
  putInQuarantine(type: string, reason: string): void {
    if (this.quarantinedTypes.has(type)) return;
    this.quarantinedTypes.set(type, reason);
    this.options.logger.warn("Workflow type moved to the quarantine thread", { workflowType: type, reason });
  }

  /** @returns what the living threads hold */
  async status(): Promise<PoolStatus> {
    const living = [...this.ordinary, this.quarantine].filter((thread) => thread?.alive === true);
    const threads = await Promise.all(
      living.map(async (thread) => {
        // A thread that dies meanwhile has nothing to report.
        const result = await thread?.request({ type: "stats" }).catch(() => undefined);
        return result?.type === "stats" ? [{ quarantine: thread === this.quarantine, ...result.stats }] : [];
      }),
    );
    return { threads: threads.flat(), quarantined: Object.fromEntries(this.quarantinedTypes) };
  }

  /** Ends all threads. */
  async destroy(): Promise<void> {
    await Promise.all([...this.ordinary, this.quarantine].map(async (thread) => thread?.stop()));
  }

  private ordinaryThread(index: number): WorkflowThread {
    const thread = this.ordinary[index];
    if (thread?.alive === true) return thread;
    const started = this.startThread();
    this.ordinary[index] = started;
    return started;
  }

  private quarantineThread(): WorkflowThread {
    if (this.quarantine?.alive !== true) this.quarantine = this.startThread();
    return this.quarantine;
  }

  private startThread(): WorkflowThread {
    const { script, settings, heapMb } = this.options;
    return new WorkflowThread({ script, settings, heapMb, onDeath: (thread, death) => this.buried(thread, death) });
  }

  private buried(thread: WorkflowThread, death: ThreadDeath): void {
    const culprit = death.culpritRunId === undefined ? undefined : this.typeOfRun.get(death.culpritRunId);
    this.options.logger.error(death.reason, { executions: thread.runs.size, culprit });
    if (culprit !== undefined) this.putInQuarantine(culprit, death.reason);
  }
}
