import type { Activation, ActivationCompletion } from "./protocol";
import type { ActivationFailure, ActivationFailureKind } from "./revision";

/** The parts of a Temporal `Failure` that are reported. */
interface FailureLike {
  readonly message?: string | null;
  readonly stackTrace?: string | null;
  readonly cause?: FailureLike | null;
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
}

const ERROR_CLASS = /^([A-Za-z_$][\w$]*)(?::|\n|$)/;

/** Chains of causes are cut here; a cycle cannot be encoded, but a long chain can. */
const MAX_CAUSES = 8;

/**
 * @param activation just processed
 * @param completion its outcome
 * @returns whether it shows that the code works: it went beyond the recorded history and was not a mere query
 */
export function provesCodeWorks(activation: Activation, completion: ActivationCompletion): boolean {
  if (completion.failed != null || activation.isReplaying === true) return false;
  return activation.jobs?.some((job) => job.queryWorkflow == null) === true;
}

/** @returns the failure of a completion in the form reported to the host, or undefined when it did not fail */
export function failureOf(completion: ActivationCompletion, timedOut: boolean): ActivationFailure | undefined {
  const failure = completion.failed?.failure;
  if (failure == null) return undefined;
  const type = failure.applicationFailureInfo?.type;
  const kind = type === "DeterminismViolationError" ? "nondeterminism" : "code";
  return describeFailure(failure, timedOut ? "timeout" : kind, MAX_CAUSES);
}

function describeFailure(failure: FailureLike, kind: ActivationFailureKind, depth: number): ActivationFailure {
  // A plain error carries its class only in the first line of its stack.
  const type = failure.applicationFailureInfo?.type ?? ERROR_CLASS.exec(failure.stackTrace ?? "")?.[1];
  return {
    kind,
    message: failure.message ?? "",
    ...(type != null && type !== "" ? { type } : {}),
    ...(failure.stackTrace != null && failure.stackTrace !== "" ? { stackTrace: failure.stackTrace } : {}),
    ...(failure.cause != null && depth > 0 ? { cause: describeFailure(failure.cause, kind, depth - 1) } : {}),
  };
}

/** @returns a thrown error in the form reported to the host */
export function describeError(kind: ActivationFailureKind, error: unknown): ActivationFailure {
  if (!(error instanceof Error)) return { kind, message: String(error) };
  return {
    kind,
    message: error.message,
    type: error.name,
    ...(error.stack !== undefined ? { stackTrace: error.stack } : {}),
  };
}
