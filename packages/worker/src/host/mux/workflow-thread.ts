/**
 * Script of a workflow thread: holds one V8 context per prelude and runs workflow executions in them. Bundled to
 * `workflow-thread.cjs`; started by `WorkflowThread`.
 */
import v8 from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { SinkCall } from "@temporalio/workflow";
import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";
import { type CompiledRevision, type HostedWorkflow, isTimeout, PreludeContext } from "./prelude-context";
import type {
  Activation,
  ReplyMessage,
  RequestMessage,
  RevisionRef,
  ThreadError,
  ThreadRequest,
  ThreadResult,
  ThreadSettings,
} from "./protocol";

const settings = workerData as ThreadSettings;
const progress = new Int32Array(settings.progress);
const contexts = new Map<string, PreludeContext>();
const workflows = new Map<string, HostedWorkflow>();
/** In order of last use. */
const revisions = new Map<string, CompiledRevision>();

function openContext(digest: string, code: string): ThreadResult {
  if (!contexts.has(digest)) {
    const activityNames = new Set(settings.activityNames);
    contexts.set(digest, PreludeContext.open({ digest, code }, { ...settings, activityNames }));
  }
  return { type: "done" };
}

function compileRevision(ref: RevisionRef, text: string): ThreadResult {
  const context = contexts.get(ref.preludeDigest);
  if (context === undefined) return { type: "missing", what: "prelude" };
  revisions.set(ref.key, context.compile(ref.type, text));
  for (const oldest of revisions.keys()) {
    if (revisions.size <= settings.maxRevisions) break;
    revisions.delete(oldest);
  }
  return { type: "done" };
}

async function createWorkflow(ref: RevisionRef, options: WorkflowCreateOptions): Promise<ThreadResult> {
  const context = contexts.get(ref.preludeDigest);
  if (context === undefined) return { type: "missing", what: "prelude" };
  const revision = revisions.get(ref.key);
  if (revision === undefined) return { type: "missing", what: "revision" };
  revisions.delete(ref.key);
  revisions.set(ref.key, revision);
  workflows.set(options.info.runId, await context.start(revision, options));
  return { type: "done" };
}

function workflowOf(runId: string): HostedWorkflow {
  const workflow = workflows.get(runId);
  if (workflow === undefined) throw new Error(`No workflow with run id ${runId} in this thread.`);
  return workflow;
}

async function activate(runId: string, activation: Activation): Promise<ThreadResult> {
  const workflow = workflowOf(runId);
  const completion = await workflow.activate(activation);
  return {
    type: "activated",
    completion,
    sinkCalls: await transferableSinkCalls(workflow),
    timedOut: workflow.takeTimedOut(),
    stacks: settings.stacks ? workflow.stacks() : [],
  };
}

/** Sink calls without the functions in their workflow info; calls of one activation share it, and go on sharing it. */
async function transferableSinkCalls(workflow: HostedWorkflow): Promise<SinkCall[]> {
  const stripped = new Map<unknown, SinkCall["workflowInfo"]>();
  const calls = await workflow.takeSinkCalls();
  return calls.map((call) => {
    const known = stripped.get(call.workflowInfo);
    const { now: _now, random: _random, ...unsafe } = call.workflowInfo.unsafe;
    const workflowInfo = known ?? ({ ...call.workflowInfo, unsafe } as SinkCall["workflowInfo"]);
    stripped.set(call.workflowInfo, workflowInfo);
    return { ...call, workflowInfo };
  });
}

async function dispose(runId: string): Promise<ThreadResult> {
  const workflow = workflows.get(runId);
  workflows.delete(runId);
  await workflow?.dispose();
  return { type: "done" };
}

function stats(): ThreadResult {
  return {
    type: "stats",
    stats: {
      contexts: contexts.size,
      revisions: revisions.size,
      workflows: workflows.size,
      heapUsedBytes: v8.getHeapStatistics().used_heap_size,
    },
  };
}

async function handle(request: ThreadRequest): Promise<ThreadResult> {
  switch (request.type) {
    case "prelude":
      return openContext(request.digest, request.code);
    case "revision":
      return compileRevision(request.ref, request.workflow);
    case "create":
      return await createWorkflow(request.ref, request.options);
    case "activate":
      return await activate(request.runId, request.activation);
    case "dispose":
      return await dispose(request.runId);
    case "stats":
      return stats();
  }
}

function describe(error: unknown, timedOut: boolean): ThreadError {
  // Errors of a workflow context are not instances of this realm's Error.
  const { name, message, stack } = Object(error) as { name?: unknown; message?: unknown; stack?: unknown };
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof message === "string" ? message : String(error),
    ...(typeof stack === "string" ? { stack } : {}),
    timedOut,
  };
}

async function failureReply(seq: number, request: ThreadRequest, error: unknown): Promise<ReplyMessage> {
  const workflow = request.type === "activate" ? workflows.get(request.runId) : undefined;
  const timedOut = isTimeout(error) || workflow?.takeTimedOut() === true;
  const sinkCalls = workflow === undefined ? [] : await transferableSinkCalls(workflow);
  return { seq, ok: false, error: describe(error, timedOut), sinkCalls };
}

if (parentPort === null) throw new Error("This script runs as a workflow thread only.");
const port = parentPort;

port.on("message", (message: RequestMessage) => void answer(message));

async function answer({ seq, request }: RequestMessage): Promise<void> {
  Atomics.store(progress, 0, seq);
  try {
    port.postMessage({ seq, ok: true, result: await handle(request) } satisfies ReplyMessage);
  } catch (error) {
    const reply = await failureReply(seq, request, error);
    try {
      port.postMessage(reply);
    } catch {
      // A sink call that cannot be cloned must not leave the multiplexer waiting.
      port.postMessage({ ...reply, sinkCalls: [] });
    }
  }
}
