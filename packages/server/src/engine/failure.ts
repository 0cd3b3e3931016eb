import { FAILURE_TYPES, type TaskFailure } from "@ntro/contract";
import { isGrpcServiceError, ServiceError } from "@temporalio/client";
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TerminatedFailure,
  TimeoutFailure,
} from "@temporalio/common";

/** gRPC status codes, as `@grpc/grpc-js` numbers them. */
export const GRPC = {
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unavailable: 14,
} as const;

/** The gRPC status code at the bottom of an error; undefined when it is none of Temporal's service. */
export function grpcCode(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? grpcCode(error.cause) : undefined;
}

/** gRPC codes of a Temporal that is not there, or has too much to do. */
const AWAY: ReadonlySet<number> = new Set([
  GRPC.cancelled,
  GRPC.deadlineExceeded,
  GRPC.resourceExhausted,
  GRPC.unavailable,
]);

/** Whether Temporal itself did not answer. */
export function isAway(error: unknown): boolean {
  return AWAY.has(grpcCode(error) ?? -1);
}

/** Whether no handler takes a query; the client gives that as an error of its own, which is no part of its types. */
export function isUnregistered(error: unknown): boolean {
  return error instanceof Error && error.name === "QueryNotRegisteredError";
}

/** What Temporal's service says about an error, without the client's words around it. */
export function grpcDetails(error: unknown): string {
  if (isGrpcServiceError(error)) return error.details || error.message;
  if (error instanceof ServiceError && error.cause instanceof Error) return grpcDetails(error.cause);
  return error instanceof Error ? error.message : String(error);
}

/** Why an execution failed, told by the innermost cause: the author's own error, with the activity it came from. */
export function taskFailure(error: unknown): TaskFailure {
  return describe(error, undefined);
}

function describe(error: unknown, activityName: string | undefined): TaskFailure {
  if (error instanceof ActivityFailure) return describe(error.cause ?? new Error(error.message), error.activityType);
  if (error instanceof ChildWorkflowFailure && error.cause) return describe(error.cause, activityName);
  const common = { activityName: activityName ?? null };
  if (error instanceof CancelledFailure || error instanceof TerminatedFailure)
    return { type: FAILURE_TYPES.cancelled, message: error.message, ...common };
  if (error instanceof TimeoutFailure)
    return { type: "Timeout", message: error.cause?.message ?? error.message, ...common };
  if (error instanceof ApplicationFailure)
    return {
      type: error.type ?? "ApplicationFailure",
      message: error.message,
      ...common,
      stackTrace: error.stack ?? null,
    };
  const message = error instanceof Error ? error.message : String(error);
  return { type: error instanceof Error ? error.name : "Unknown", message, ...common };
}
