import { createHash } from "node:crypto";
import type { RepairedSignal } from "@ntro/contract";
import type { Logger } from "@temporalio/worker";
import type { SinkCall } from "@temporalio/workflow";
import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";
import { onlyQueries, repairsIn } from "./activation-jobs";
import { describeError, failureOf, provesCodeWorks } from "./activation-report";
import type { Activation, ActivationCompletion, RevisionRef, ThreadRequest, ThreadResult } from "./protocol";
import type { ActivationFailure, ExecutionInfo, Revision } from "./revision";
import { restoreSinkCalls, type SdkWorkflow, type SdkWorkflowCreator } from "./sdk-worker";
import { ThreadLostError, ThreadRequestError, type WorkflowThread } from "./thread-client";
import type { ThreadPool } from "./thread-pool";

/** What the multiplexer asks of and tells its host. */
export interface MultiplexerHooks {
  /** Sink calls are dropped; nobody is there for them. */
  readonly withoutSinks?: true;
  /** @throws when the type is unknown or cannot be had now: the workflow task fails and is tried again */
  loadRevision(workflowType: string): Promise<Revision>;
  /** The type whose code an execution runs now; without it, its own. */
  typeToRun?(workflowId: string, ownType: string): string;
  /** A history says that an execution runs other code from here on. Called before {@link typeToRun} is asked. */
  onRepaired?(workflowId: string, repaired: RepairedSignal): void;
  /** An activation failed; the execution stays open. Called within that attempt. */
  onActivationFailed?(info: ExecutionInfo, failure: ActivationFailure): void;
  /** An activation went beyond the recorded history, so the code works. */
  onActivationSucceeded?(info: ExecutionInfo): void;
  /** An activation was done: the id of the last event that it knew, and stacks of what the code waits for now, oldest first. */
  onActivated?(info: ExecutionInfo, lastEventId: number, stacks: readonly string[]): void;
}

/** Gives the SDK's worker its workflows: each execution runs the revision that its workflow type names, or the one that it was repaired to. */
export class Multiplexer implements SdkWorkflowCreator {
  private readonly refs = new WeakMap<Revision, RevisionRef>();
  private readonly executions = new Map<string, ExecutionInfo>();

  /** @param pool where executions run; @param hooks of the host; @param logger for faults of the hooks */
  constructor(
    private readonly pool: ThreadPool,
    private readonly hooks: MultiplexerHooks,
    private readonly logger: Logger,
  ) {}

  /** Called by the SDK's worker when an execution is not in its cache. */
  async createWorkflow(options: WorkflowCreateOptions): Promise<SdkWorkflow> {
    const { workflowId, runId, workflowType } = options.info;
    const codeType = this.typeToRun(workflowId, workflowType);
    const info: ExecutionInfo = { workflowId, runId, workflowType, codeType };
    const revision = await this.revisionFor(info);
    const thread = this.pool.threadFor(codeType);
    this.pool.settle(runId, codeType, thread);
    try {
      await this.createIn(thread, revision, options);
    } catch (error) {
      this.pool.release(runId, thread);
      this.creationFailed(info, error);
      throw error;
    }
    this.executions.set(runId, info);
    return new MultiplexedWorkflow(this, this.pool, thread, info);
  }

  /** Whether sink calls are dropped. */
  get withoutSinks(): boolean {
    return this.hooks.withoutSinks === true;
  }

  /** Called by the SDK's worker at shutdown. */
  async destroy(): Promise<void> {
    await this.pool.destroy();
  }

  /** Reports that Core found an execution's code not to fit its history. */
  nondeterminismFound(runId: string, message: string): void {
    const info = this.executions.get(runId);
    if (info !== undefined) this.failed(info, { kind: "nondeterminism", message });
  }

  /** Forgets an execution that left the cache. */
  forget(runId: string): void {
    this.executions.delete(runId);
  }

  /** The type whose code an execution runs, as far as is known now. */
  typeToRun(workflowId: string, ownType: string): string {
    return this.hooks.typeToRun?.(workflowId, ownType) ?? ownType;
  }

  /** Tells the host of the repairs that an activation brings. */
  takeRepairs({ workflowId }: ExecutionInfo, activation: Activation): void {
    for (const repaired of repairsIn(activation)) this.tell(() => this.hooks.onRepaired?.(workflowId, repaired));
  }

  /** Tells the host where an execution stands after an activation. */
  activated(info: ExecutionInfo, activation: Activation, stacks: readonly string[]): void {
    this.tell(() => this.hooks.onActivated?.(info, activation.historyLength ?? 0, stacks));
  }

  /** Reports a failed activation to the host. */
  failed(info: ExecutionInfo, failure: ActivationFailure): void {
    this.tell(() => this.hooks.onActivationFailed?.(info, failure));
  }

  /** Reports a good activation to the host. */
  succeeded(info: ExecutionInfo): void {
    this.tell(() => this.hooks.onActivationSucceeded?.(info));
  }

  private async revisionFor(info: ExecutionInfo): Promise<Revision> {
    try {
      return await this.hooks.loadRevision(info.codeType);
    } catch (error) {
      this.failed(info, describeError("unavailable", error));
      throw error instanceof Error ? error : new Error(String(error));
    }
  }

  private async createIn(thread: WorkflowThread, revision: Revision, options: WorkflowCreateOptions): Promise<void> {
    const { now: _now, random: _random, ...unsafe } = options.info.unsafe;
    // Functions cannot cross the thread boundary; the workflow side sets its own.
    const info = { ...options.info, unsafe } as WorkflowCreateOptions["info"];
    await this.supply(thread, revision, { type: "create", ref: this.refOf(revision), options: { ...options, info } });
  }

  /** Makes a request, sending the texts the thread turns out to lack. */
  private async supply(thread: WorkflowThread, revision: Revision, request: ThreadRequest): Promise<ThreadResult> {
    const { prelude } = revision;
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const result = await thread.request(request);
      if (result.type !== "missing") return result;
      if (result.what === "prelude") {
        await thread.request({ type: "prelude", digest: prelude.digest, code: prelude.code });
      } else {
        await thread.request({ type: "revision", ref: this.refOf(revision), workflow: revision.workflow });
      }
    }
    throw new Error(`The workflow thread does not keep ${revision.type}: raise maxRevisions.`);
  }

  private refOf(revision: Revision): RevisionRef {
    const known = this.refs.get(revision);
    if (known !== undefined) return known;
    const { type, prelude, workflow } = revision;
    const key = createHash("sha256").update(type).update("\0").update(prelude.digest).update(workflow).digest("base64");
    const ref = { type, key, preludeDigest: prelude.digest };
    this.refs.set(revision, ref);
    return ref;
  }

  private creationFailed(info: ExecutionInfo, error: unknown): void {
    if (error instanceof ThreadLostError) {
      if (error.culprit) this.failed(info, describeError("thread", error));
      return;
    }
    const timedOut = error instanceof ThreadRequestError && error.original.timedOut;
    if (timedOut) this.pool.putInQuarantine(info.codeType, error.message);
    this.failed(info, describeError(timedOut ? "timeout" : "load", error));
  }

  private tell(notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.logger.error("A hook of the workflow multiplexer threw", { error });
    }
  }
}

/** One execution, living in one thread until it is evicted. */
class MultiplexedWorkflow implements SdkWorkflow {
  private sinkCalls: SinkCall[] = [];

  constructor(
    private readonly multiplexer: Multiplexer,
    private readonly pool: ThreadPool,
    private readonly thread: WorkflowThread,
    private readonly info: ExecutionInfo,
  ) {}

  async activate(activation: Activation): Promise<ActivationCompletion> {
    const { runId } = this.info;
    this.multiplexer.takeRepairs(this.info, activation);
    this.requireRightPlace(activation);
    try {
      const result = await this.thread.request({ type: "activate", runId, activation });
      if (result.type !== "activated") throw new Error(`The workflow thread answered ${result.type} to an activation.`);
      this.sinkCalls.push(...result.sinkCalls);
      this.multiplexer.activated(this.info, activation, result.stacks);
      this.assess(activation, result.completion, result.timedOut);
      return result.completion;
    } catch (error) {
      this.activationThrew(activation, error);
      throw error;
    }
  }

  async getAndResetSinkCalls(): Promise<SinkCall[]> {
    const calls = this.sinkCalls;
    this.sinkCalls = [];
    return this.multiplexer.withoutSinks ? [] : restoreSinkCalls(calls);
  }

  async dispose(): Promise<void> {
    const { runId } = this.info;
    this.pool.release(runId, this.thread);
    this.multiplexer.forget(runId);
    // A thread that is gone has taken the execution with it; a failed disposal only costs the thread some memory.
    await this.thread.request({ type: "dispose", runId }).catch(() => undefined);
  }

  /** Throws when the execution has to go on elsewhere: this one task fails, the SDK evicts the execution and creates it again, there. */
  private requireRightPlace(activation: Activation): void {
    const { workflowId, workflowType, codeType } = this.info;
    if (this.pool.mustLeave(codeType, this.thread))
      throw new Error(`Executions of ${codeType} move to the quarantine thread.`);
    // A question may still be answered by the code that ran until now.
    if (onlyQueries(activation)) return;
    const wanted = this.multiplexer.typeToRun(workflowId, workflowType);
    if (wanted !== codeType) throw new Error(`The execution was repaired: it goes on with ${wanted}.`);
  }

  private assess(activation: Activation, completion: ActivationCompletion, timedOut: boolean): void {
    const failure = failureOf(completion, timedOut);
    if (timedOut) this.pool.putInQuarantine(this.info.codeType, failure?.message ?? "execution time limit");
    if (failure !== undefined) this.multiplexer.failed(this.info, failure);
    else if (provesCodeWorks(activation, completion)) this.multiplexer.succeeded(this.info);
  }

  private activationThrew(activation: Activation, error: unknown): void {
    if (error instanceof ThreadLostError) {
      if (error.culprit) this.multiplexer.failed(this.info, describeError("thread", error));
      return;
    }
    const timedOut = error instanceof ThreadRequestError && error.original.timedOut;
    if (error instanceof ThreadRequestError) this.sinkCalls.push(...error.sinkCalls);
    if (timedOut) this.pool.putInQuarantine(this.info.codeType, error.message);
    // A query handler that fails this way blocks nobody but the asker.
    if (!onlyQueries(activation))
      this.multiplexer.failed(this.info, describeError(timedOut ? "timeout" : "code", error));
  }
}
