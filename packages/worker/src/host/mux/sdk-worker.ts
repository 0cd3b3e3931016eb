/**
 * The only file of the main thread that knows the SDK's internals (`@temporalio/worker` 1.24.0, `lib/worker.js`): one
 * protected static method is replaced, and one protected emitter is listened to.
 */
import { createRequire } from "node:module";
import { type InjectedSinks, type Logger, Worker, type WorkerOptions } from "@temporalio/worker";
import type { SinkCall, Sinks } from "@temporalio/workflow";
import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";
import { createUnsafeRandomSource } from "@temporalio/workflow/lib/random-helpers.js";
import type { Activation, ActivationCompletion } from "./protocol";

/** The SDK version whose internals this was written for. */
const SDK_VERSION = "1.24.0";

/** What the SDK's worker drives, one per cached execution (`lib/workflow/interface.d.ts`). */
export interface SdkWorkflow {
  activate(activation: Activation): Promise<ActivationCompletion>;
  getAndResetSinkCalls(): Promise<SinkCall[]>;
  dispose(): Promise<void>;
}

/** Makes {@link SdkWorkflow}s for the SDK's worker. */
export interface SdkWorkflowCreator {
  createWorkflow(options: WorkflowCreateOptions): Promise<SdkWorkflow>;
  destroy(): Promise<void>;
}

/** Called by the SDK's worker once, with the names of the registered activities. */
export type CreatorFactory = (activityNames: readonly string[], logger: Logger) => Promise<SdkWorkflowCreator>;

/** An execution left the worker's cache because its code does not fit its history. */
export type NondeterminismListener = (runId: string, message: string) => void;

export type { InjectedSinks, Sinks };

/** Core's `RemoveFromCache.EvictionReason.NONDETERMINISM`. */
const EVICTED_FOR_NONDETERMINISM = 3;

/** Core polls for workflow tasks only when there is a bundle, which must have a source map; this one is never run. */
const NO_MAP = JSON.stringify({ version: 3, file: "workflow-bundle.js", sources: [], names: [], mappings: "" });
const UNUSED_BUNDLE = [
  '"workflows come from the multiplexer"',
  ["//#", `sourceMappingURL=data:application/json;base64,${Buffer.from(NO_MAP).toString("base64")}`].join(" "),
].join("\n");

/** A subclass of the SDK's Worker whose workflows, also replayed ones, come from `makeCreator`. */
function workerClassFor(makeCreator: CreatorFactory): typeof Worker {
  return class HostWorker extends Worker {
    protected static override createWorkflowCreator(
      ...[, options, logger]: Parameters<(typeof Worker)["createWorkflowCreator"]>
    ): ReturnType<(typeof Worker)["createWorkflowCreator"]> {
      return makeCreator([...options.activities.keys()], logger);
    }
  };
}

/**
 * @param options of the SDK's worker, without any workflow bundle
 * @param makeCreator makes what runs the workflows
 * @param onNondeterminism called when Core found that code does not fit a history
 * @returns a worker that is not yet running
 */
export async function createSdkWorker(
  options: Omit<WorkerOptions, "workflowBundle" | "workflowsPath">,
  makeCreator: CreatorFactory,
  onNondeterminism: NondeterminismListener,
): Promise<Worker> {
  assertSdkShape();
  const worker = await workerClassFor(makeCreator).create({ ...options, workflowBundle: { code: UNUSED_BUNDLE } });
  evictionsOf(worker).on("eviction", ({ runId, evictJob }) => {
    if (evictJob.reason === EVICTED_FOR_NONDETERMINISM) onNondeterminism(runId, evictJob.message ?? "");
  });
  return worker;
}

/**
 * Replays a recorded history.
 *
 * @param makeCreator makes what runs the workflow
 * @param history as the client's `fetchHistory` gives it, or as JSON
 * @param workflowId that the code sees
 * @throws DeterminismViolationError or ReplayError when the code does not fit the history
 */
export async function replayWithSdk(makeCreator: CreatorFactory, history: unknown, workflowId: string): Promise<void> {
  assertSdkShape();
  await workerClassFor(makeCreator).runReplayHistory({ workflowBundle: { code: UNUSED_BUNDLE } }, history, workflowId);
}

interface Evictions {
  on(event: "eviction", listener: (eviction: { runId: string; evictJob: EvictJob }) => void): void;
}

interface EvictJob {
  readonly reason?: number | null;
  readonly message?: string | null;
}

function evictionsOf(worker: Worker): Evictions {
  const emitter: unknown = Reflect.get(worker, "evictionsEmitter");
  if (typeof emitter !== "object" || emitter === null || !("on" in emitter))
    throw shapeError("evictionsEmitter is gone");
  return emitter as Evictions;
}

/**
 * Checks that the installed SDK is the one this was written for.
 *
 * @throws Error that names what differs
 */
export function assertSdkShape(): void {
  const require = createRequire(import.meta.url);
  for (const name of ["worker", "workflow", "common", "proto", "core-bridge"]) {
    const { version } = require(`@temporalio/${name}/package.json`) as { version: string };
    if (version !== SDK_VERSION) throw shapeError(`@temporalio/${name} is ${version}`);
  }
  for (const name of ["createWorkflowCreator", "getOrCreateBundle", "runReplayHistory"]) {
    if (typeof Reflect.get(Worker, name) !== "function") throw shapeError(`Worker.${name} is gone`);
  }
  for (const name of ["handleActivation", "createWorkflow", "processSinkCalls"]) {
    if (typeof Reflect.get(Worker.prototype, name) !== "function") throw shapeError(`Worker#${name} is gone`);
  }
}

function shapeError(what: string): Error {
  return new Error(
    `The workflow multiplexer was written for @temporalio/* ${SDK_VERSION}, but ${what}. Install exactly that version.`,
  );
}

/** Gives sink calls from a workflow thread the functions back that cannot cross a thread boundary. */
export function restoreSinkCalls(calls: SinkCall[]): SinkCall[] {
  for (const call of calls) {
    Object.assign(call.workflowInfo.unsafe, { now: Date.now, random: createUnsafeRandomSource(Math.random) });
  }
  return calls;
}
