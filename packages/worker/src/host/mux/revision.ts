/**
 * What the multiplexer runs: one revision of a runbook, as built for the workflow side.
 */

/** The Temporal workflow SDK, our SDK and zod as one script, shared by all revisions built with it. */
export interface Prelude {
  /** sha256 of `code` in hex; the key under which a workflow thread keeps the V8 context made from it. */
  readonly digest: string;
  /** Script text made by `buildPrelude`. */
  readonly code: string;
}

/** A revision's workflow code. */
export interface Revision {
  /** The workflow type, `<slug>@<version>+<digest12>`. */
  readonly type: string;
  readonly prelude: Prelude;
  /**
   * A CommonJS module text whose `module.exports.default` is the workflow function and which requires nothing but
   * `@temporalio/workflow`, `@ntro/runbook` and `zod`. It is evaluated anew for every execution.
   */
  readonly workflow: string;
  /** Source map of `workflow` (JSON), for `mapStack`; never loaded by the workflow threads. */
  readonly sourceMap?: string;
}

/** Which execution an event is about. */
export interface ExecutionInfo {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflowType: string;
  /** The type whose code it runs; another than its own once it was repaired. */
  readonly codeType: string;
}

/**
 * Why an activation failed.
 * - `code`: the author's code threw something that is not a Temporal failure
 * - `load`: the revision's module could not be evaluated (syntax error, exception at top level, no default export)
 * - `unavailable`: `loadRevision` rejected
 * - `timeout`: the code ran longer than the execution time limit without yielding; the type is in quarantine from now on
 * - `nondeterminism`: the code does not fit the history of the execution
 * - `thread`: the workflow thread died while this execution ran (out of memory, crash); the type is in quarantine from now on
 */
export type ActivationFailureKind = "code" | "load" | "unavailable" | "timeout" | "nondeterminism" | "thread";

/** A failed activation, as reported to the host. The execution stays open and Temporal tries the task again. */
export interface ActivationFailure {
  readonly kind: ActivationFailureKind;
  readonly message: string;
  /** Class or type name of the error, where it has one. */
  readonly type?: string;
  /** Stack as V8 gave it: frames in the author's code read `<type>/workflow.js:line:column`; see `mapStack`. */
  readonly stackTrace?: string;
  readonly cause?: ActivationFailure;
}

/** File name under which the author's module of a workflow type appears in stack traces. */
export function workflowFileName(type: string): string {
  return `${type}/workflow.js`;
}

/**
 * File name under which a prelude appears in stack traces. Its ending is the one by which the SDK recognises its own
 * frames and cuts them off failure stack traces.
 */
export function preludeFileName(digest: string): string {
  return `ntro-prelude-${digest.slice(0, 12)}/workflow/lib/internals.js`;
}
