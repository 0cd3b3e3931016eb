import { MEMO, NtroError, NtroState, QUERIES, rootTaskId } from "@ntro/contract";
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from "@temporalio/client";
import type { Logger } from "pino";
import { requireFittingSize } from "../core/start-task";
import { startBackfill } from "./backfills";
import { hasBacklog } from "./backlog";
import {
  AnswerRefused,
  type Engine,
  type EngineBackfill,
  type ExecutionState,
  type Inspection,
  type OpenLook,
  type StartExecution,
} from "./engine";
import { askToCancel, lookAtOpen, signalOnce, timeOfEvent } from "./executions";
import { GRPC, grpcCode, grpcDetails, isAway, isUnregistered, taskFailure } from "./failure";
import { closedTasks, inspectExecution } from "./inspect";
import { TemporalSchedules } from "./schedules";
import { sendUpdate } from "./send-update";

/** Milliseconds. Reads and starts are quick; an update waits for workflow code. */
const DEADLINE = { call: 5_000, state: 12_000, update: 12_000, health: 2_000 } as const;
/** Milliseconds: shortly before a long poll's deadline Temporal answers that there is nothing yet, and the client asks again and again. */
const LONG_POLL_SLACK = 10_000;
/** A host that died is noticed after this long; 10 s by default. Longer than Temporal's deadlock detector (2 s in TypeScript) leaves to run. */
const WORKFLOW_TASK_TIMEOUT = "5s";

export interface TemporalOptions {
  /** `host:port`. */
  readonly address: string;
  readonly namespace: string;
  readonly log: Logger;
}

/** The engine on Temporal. Connects when first used, and again by itself whenever Temporal was away. */
export class TemporalEngine implements Engine {
  readonly schedules: TemporalSchedules;
  readonly #connection: Connection;
  readonly #client: Client;
  #closing = false;
  readonly #inFlight = new Map<Promise<unknown>, AbortController>();

  constructor(private readonly options: TemporalOptions) {
    // A quick restart of Temporal is ridden out; a longer one is told within the deadline. What cannot succeed (an input too large) is not tried for 39 s.
    const policy = defaultGrpcRetryOptions({ maxAttempts: 5, factor: 2, initialIntervalMs: () => 50 });
    const retry = makeGrpcRetryInterceptor({
      ...policy,
      retryableDecider: (attempt, status) => !this.#closing && policy.retryableDecider(attempt, status),
    });
    this.#connection = Connection.lazy({
      address: options.address,
      interceptors: [retry],
      // gRPC waits up to two minutes before it tries a lost server again.
      channelArgs: {
        "grpc.initial_reconnect_backoff_ms": 100,
        "grpc.min_reconnect_backoff_ms": 100,
        "grpc.max_reconnect_backoff_ms": 1_000,
      },
    });
    this.#client = new Client({ connection: this.#connection, namespace: options.namespace });
    this.schedules = new TemporalSchedules(this.#client, options.namespace, (work) => this.#call(DEADLINE.call, work));
  }

  async start(execution: StartExecution): Promise<{ runId: string }> {
    requireFittingSize(execution.input);
    return this.#call(DEADLINE.call, async () => {
      try {
        const handle = await this.#client.workflow.start(execution.workflowType, {
          workflowId: execution.workflowId,
          taskQueue: execution.taskQueue,
          args: [execution.input],
          workflowIdReusePolicy: "REJECT_DUPLICATE",
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
          memo: { [MEMO.lock]: execution.lock, [MEMO.tenant]: execution.tenantSlug },
        });
        return { runId: handle.firstExecutionRunId };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        return { runId: (await this.#client.workflow.getHandle(execution.workflowId).describe()).runId };
      }
    });
  }

  async state(workflowId: string, deadlineMs: number = DEADLINE.state): Promise<NtroState> {
    const answer: unknown = await this.#ask(workflowId, deadlineMs, () =>
      this.#client.workflow.getHandle(workflowId).query<unknown>(QUERIES.state),
    );
    const state = NtroState.safeParse(answer);
    if (!state.success)
      throw new NtroError(
        "TASK_UNREACHABLE",
        `The task ${workflowId} answers in a form this server does not understand.`,
        {
          hint: "Its host may be of another version.",
          cause: state.error,
        },
      );
    return state.data;
  }

  async update(workflowId: string, name: string, updateId: string, argument: unknown): Promise<void> {
    const handle = this.#client.workflow.getHandle(workflowId);
    await this.#ask(workflowId, DEADLINE.update, () => sendUpdate(handle, name, updateId, argument));
  }

  async describe(workflowId: string, waitMs = 0): Promise<ExecutionState> {
    if (waitMs > 0) await this.#awaitClose(workflowId, waitMs);
    return this.#call(DEADLINE.call, async () => {
      const handle = this.#client.workflow.getHandle(workflowId);
      try {
        const { runId, status, closeTime } = await handle.describe();
        if (!closeTime || status.name === "RUNNING" || status.name === "CONTINUED_AS_NEW")
          return { status: "running", runId };
        return await this.#outcome(workflowId, runId, closeTime);
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { status: "absent" };
        throw error;
      }
    });
  }

  /** One long poll; whatever ends it, the execution is described afterwards. */
  async #awaitClose(workflowId: string, waitMs: number): Promise<void> {
    const handle = this.#client.workflow.getHandle(workflowId);
    await this.#within(waitMs + LONG_POLL_SLACK, () => handle.result(), waitMs).catch(() => undefined);
  }

  async #outcome(workflowId: string, runId: string, closedAt: Date): Promise<ExecutionState> {
    try {
      const result: unknown = await this.#client.workflow.getHandle(workflowId, runId).result();
      return { status: "completed", runId, closedAt, result: result ?? null };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return { status: "failed", runId, closedAt, failure: taskFailure(error.cause ?? error) };
    }
  }

  async inspect(workflowId: string): Promise<Inspection | null> {
    return this.#call(DEADLINE.call, () => inspectExecution(this.#client, workflowId));
  }

  async look(workflowId: string): Promise<OpenLook | null> {
    return this.#call(DEADLINE.call, () => lookAtOpen(this.#client, workflowId));
  }

  async timeOfEvent(workflowId: string, eventId: number): Promise<Date | null> {
    return this.#call(DEADLINE.call, () => timeOfEvent(this.#client, workflowId, eventId));
  }

  async signal(workflowId: string, name: string, requestId: string, argument: unknown): Promise<void> {
    await this.#endUnlessEnded(() => signalOnce(this.#client, workflowId, { name, requestId, argument }));
  }

  async cancel(workflowId: string, reason: string): Promise<void> {
    await this.#endUnlessEnded(() => askToCancel(this.#client, workflowId, reason));
  }

  async terminate(workflowId: string, reason: string): Promise<void> {
    await this.#endUnlessEnded(() => this.#client.workflow.getHandle(workflowId).terminate(reason));
  }

  /** Ending what has ended, or what Temporal no longer knows, is done; and there is nobody to signal. */
  async #endUnlessEnded(end: () => Promise<unknown>): Promise<void> {
    await this.#call(DEADLINE.call, async () => {
      try {
        await end();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError) && grpcCode(error) !== GRPC.notFound) throw error;
      }
    });
  }

  async closedSince(since: Date): Promise<readonly string[]> {
    return this.#call(DEADLINE.call, () => closedTasks(this.#client, since));
  }

  async hasBacklog(taskQueue: string): Promise<boolean> {
    return this.#call(DEADLINE.call, () => hasBacklog(this.#client, taskQueue));
  }

  async startBackfill(backfill: EngineBackfill): Promise<void> {
    await this.#call(DEADLINE.call, () => startBackfill(this.#client.workflow, backfill));
  }

  async healthy(): Promise<boolean> {
    try {
      await this.#within(DEADLINE.health, () => this.#connection.workflowService.getSystemInfo({}));
      return true;
    } catch {
      return false;
    }
  }

  /** Gives up what is under way first: the client throws outside of any promise when it tries again on a closed connection. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const abort of this.#inFlight.values()) abort.abort();
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight.keys());
    await this.#connection.close();
  }

  /** Runs calls that must end within a time. `giveUpMs`: they are cancelled after that long already. */
  async #within<T>(deadlineMs: number, work: () => Promise<T>, giveUpMs?: number): Promise<T> {
    if (this.#closing) throw new NtroError("ENGINE_UNAVAILABLE", "The server is closing.");
    // One for each call: the client never takes its listener off a signal.
    const abort = new AbortController();
    const call = this.#connection.withAbortSignal(abort.signal, () =>
      this.#connection.withDeadline(Date.now() + deadlineMs, work),
    );
    this.#inFlight.set(call, abort);
    const giveUp = giveUpMs === undefined ? undefined : setTimeout(() => abort.abort(), giveUpMs);
    try {
      return await call;
    } finally {
      clearTimeout(giveUp);
      this.#inFlight.delete(call);
    }
  }

  /** A call that workflow code answers: when none comes in time, it is the task that is unreachable and not Temporal. */
  async #ask<T>(workflowId: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
    return this.#call(deadlineMs, async () => {
      try {
        return await work();
      } catch (error) {
        const code = grpcCode(error);
        if (error instanceof WorkflowNotFoundError)
          throw new NtroError("TASK_CLOSED", `The task ${workflowId} has ended.`, {
            hint: `\`ntro run status ${rootTaskId(workflowId)}\` shows how it ended.`,
            cause: error,
          });
        const silent =
          error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
          code === GRPC.deadlineExceeded ||
          code === GRPC.cancelled;
        if (silent && !(await this.healthy())) throw this.#unavailable(error);
        // Failed precondition: its last workflow task failed. Invalid argument: its code does not know the question (yet).
        const cannot = code === GRPC.failedPrecondition || code === GRPC.invalidArgument || isUnregistered(error);
        if (!silent && !cannot) throw error;
        const message = silent
          ? `No host answers for the task ${workflowId}.`
          : `The task ${workflowId} cannot answer: ${grpcDetails(error)}`;
        throw new NtroError("TASK_UNREACHABLE", message, {
          hint: "Its host may be starting: try again shortly. `ntro status` shows the worker.",
          cause: error,
        });
      }
    });
  }

  async #call<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#within(deadlineMs, work);
    } catch (error) {
      if (error instanceof NtroError || error instanceof AnswerRefused) throw error;
      if (!isAway(error)) throw error;
      this.options.log.warn({ err: error }, "Temporal does not answer");
      throw this.#unavailable(error);
    }
  }

  #unavailable(cause: unknown): NtroError {
    return new NtroError(
      "ENGINE_UNAVAILABLE",
      `Temporal at ${this.options.address} does not answer: ${grpcDetails(cause)}`,
      {
        hint: "`ntro status` shows whether it runs; nothing is lost, try again.",
        cause,
      },
    );
  }
}
