import { Worker as NodeThread } from "node:worker_threads";
import type { SinkCall } from "@temporalio/workflow";
import type {
  ReplyMessage,
  RequestMessage,
  ThreadError,
  ThreadRequest,
  ThreadResult,
  ThreadSettings,
} from "./protocol";

/** How to start a workflow thread. */
export interface ThreadOptions {
  /** The bundled `workflow-thread` script. */
  readonly script: string | URL;
  readonly settings: Omit<ThreadSettings, "progress">;
  /** Limit of the thread's old generation heap, in MiB. */
  readonly heapMb: number;
  /** Called once when the thread ended without being asked to. */
  readonly onDeath: (thread: WorkflowThread, death: ThreadDeath) => void;
}

/** An unexpected end of a thread. */
export interface ThreadDeath {
  readonly reason: string;
  /** The execution whose code the thread ran last, when it was in the middle of a request. */
  readonly culpritRunId: string | undefined;
}

/** A request failed inside the thread: the error is the author's or the SDK's. */
export class ThreadRequestError extends Error {
  /** @param original the error as it was inside the thread; @param sinkCalls made before it */
  constructor(
    readonly original: ThreadError,
    readonly sinkCalls: SinkCall[],
  ) {
    super(original.message);
    this.name = original.name;
    if (original.stack !== undefined) this.stack = original.stack;
  }
}

/** The thread ended before it answered, or had already ended. */
export class ThreadLostError extends Error {
  /** @param message why the thread ended; @param culprit whether this very request was running when it did */
  constructor(
    message: string,
    readonly culprit: boolean,
  ) {
    super(message);
    this.name = "ThreadLostError";
  }
}

interface Pending {
  readonly request: ThreadRequest;
  readonly resolve: (result: ThreadResult) => void;
  readonly reject: (error: Error) => void;
}

/** Main-thread side of one workflow thread: requests, replies, and what happens to them when the thread dies. */
export class WorkflowThread {
  /** Executions living in the thread. */
  readonly runs = new Set<string>();
  private readonly thread: NodeThread;
  private readonly progress = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private readonly pending = new Map<number, Pending>();
  private nextSeq = 1;
  private endedBecause: string | undefined;
  private stopping = false;
  private fault: Error | undefined;

  /** @param options starts the thread at once */
  constructor(private readonly options: ThreadOptions) {
    const workerData: ThreadSettings = { ...options.settings, progress: this.progress.buffer as SharedArrayBuffer };
    this.thread = new NodeThread(options.script, {
      name: "ntro-workflow",
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
    });
    this.thread.on("message", (reply: ReplyMessage) => this.settle(reply));
    this.thread.on("error", (error) => {
      this.fault = error;
    });
    this.thread.on("exit", (code) => this.ended(code));
  }

  /** Whether requests can still be answered. */
  get alive(): boolean {
    return this.endedBecause === undefined;
  }

  /**
   * @param request what to do
   * @returns the thread's answer
   * @throws ThreadRequestError when it failed there, ThreadLostError when the thread is or gets lost
   */
  request(request: ThreadRequest): Promise<ThreadResult> {
    if (this.endedBecause !== undefined) return Promise.reject(new ThreadLostError(this.endedBecause, false));
    const seq = this.nextSeq;
    // Progress is an int32; requests this far apart never meet.
    this.nextSeq = seq === 0x7fff_ffff ? 1 : seq + 1;
    return new Promise((resolve, reject) => {
      this.pending.set(seq, { request, resolve, reject });
      try {
        this.thread.postMessage({ seq, request } satisfies RequestMessage);
      } catch (error) {
        this.pending.delete(seq);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends the thread; pending requests are rejected. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.thread.terminate();
  }

  private settle(reply: ReplyMessage): void {
    const pending = this.pending.get(reply.seq);
    this.pending.delete(reply.seq);
    if (pending === undefined) return;
    if (reply.ok) pending.resolve(reply.result);
    else pending.reject(new ThreadRequestError(reply.error, reply.sinkCalls));
  }

  private ended(exitCode: number): void {
    const reason = this.stopping
      ? "The workflow thread was stopped."
      : `The workflow thread died: ${this.fault?.message ?? `exit code ${exitCode}`}`;
    this.endedBecause = reason;
    const culpritSeq = this.stopping ? undefined : Atomics.load(this.progress, 0);
    const culprit = culpritSeq === undefined ? undefined : this.pending.get(culpritSeq)?.request;
    if (!this.stopping) this.options.onDeath(this, { reason, culpritRunId: runIdOf(culprit) });
    for (const [seq, { reject }] of this.pending) reject(new ThreadLostError(reason, seq === culpritSeq));
    this.pending.clear();
  }
}

function runIdOf(request: ThreadRequest | undefined): string | undefined {
  if (request?.type === "create") return request.options.info.runId;
  if (request?.type === "activate") return request.runId;
  return undefined;
}
