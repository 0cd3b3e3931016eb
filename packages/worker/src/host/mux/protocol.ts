import type { coresdk } from "@temporalio/proto";
import type { SinkCall } from "@temporalio/workflow";
import type { WorkflowCreateOptions } from "@temporalio/workflow/lib/interfaces.js";

/**
 * Messages between the multiplexer and its workflow threads. Both ends are always of the same build.
 */

export type Activation = coresdk.workflow_activation.IWorkflowActivation;
export type ActivationCompletion = coresdk.workflow_completion.IWorkflowActivationCompletion;

/** Identity of a revision's code inside a thread; `key` changes with the text, `preludeDigest` names the context. */
export interface RevisionRef {
  readonly type: string;
  readonly key: string;
  readonly preludeDigest: string;
}

export type ThreadRequest =
  | { type: "prelude"; digest: string; code: string }
  | { type: "revision"; ref: RevisionRef; workflow: string }
  | { type: "create"; ref: RevisionRef; options: WorkflowCreateOptions }
  | { type: "activate"; runId: string; activation: Activation }
  | { type: "dispose"; runId: string }
  | { type: "stats" };

/** What a thread holds; heap figures are of its own isolate. */
export interface ThreadStats {
  readonly contexts: number;
  readonly revisions: number;
  readonly workflows: number;
  readonly heapUsedBytes: number;
}

export type ThreadResult =
  | { type: "done" }
  /** The thread lacks a text the request needs; send it and ask again. */
  | { type: "missing"; what: "prelude" | "revision" }
  | { type: "activated"; completion: ActivationCompletion; sinkCalls: SinkCall[]; timedOut: boolean; stacks: string[] }
  | { type: "stats"; stats: ThreadStats };

/** An error as it crosses the thread boundary. */
export interface ThreadError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** The execution time limit was hit. */
  readonly timedOut: boolean;
}

export interface RequestMessage {
  readonly seq: number;
  readonly request: ThreadRequest;
}

export type ReplyMessage =
  | { readonly seq: number; readonly ok: true; readonly result: ThreadResult }
  | { readonly seq: number; readonly ok: false; readonly error: ThreadError; readonly sinkCalls: SinkCall[] };

/** Start data of a thread. */
export interface ThreadSettings {
  /** Longest time author code may run without yielding, in milliseconds. */
  readonly executionTimeoutMs: number;
  readonly activityNames: readonly string[];
  /** Whether each activation tells where the code stands after it. It costs half of an activation's time. */
  readonly stacks: boolean;
  /** Revisions kept compiled; the least recently used ones go first. */
  readonly maxRevisions: number;
  /** One int32: the `seq` of the request the thread began last, so that a death can be laid at someone's door. */
  readonly progress: SharedArrayBuffer;
}
