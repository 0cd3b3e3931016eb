import * as z from "zod";

/**
 * Every error the platform can answer with: HTTP status, CLI exit code and what it means. The list is closed; each code has a page
 * `docs/errors/<CODE>.md`. Exit codes: 1 the answer is no · 2 wrong usage · 3 waiting on a person · 4 could not reach or start something.
 */
export const ERRORS = {
  REQUEST_INVALID: { status: 400, exit: 2, means: "The request does not have the form the route asks for." },
  UNAUTHENTICATED: { status: 401, exit: 4, means: "No API key was sent, or it is not known (any more)." },
  FORBIDDEN: { status: 403, exit: 1, means: "The key is known, but its role does not allow this." },
  TENANT_NOT_FOUND: { status: 404, exit: 2, means: "There is no such tenant, or this key may not see it." },
  ENTITY_NOT_FOUND: { status: 404, exit: 2, means: "The tenant has no such entity." },
  RUNBOOK_NOT_FOUND: { status: 404, exit: 2, means: "No runbook of this slug was deployed." },
  VERSION_NOT_FOUND: { status: 404, exit: 2, means: "The runbook has no such version." },
  DEPLOYMENT_NOT_FOUND: { status: 404, exit: 2, means: "There is no such deployment." },
  WORKFLOW_NOT_FOUND: { status: 404, exit: 2, means: "No workflow of this id, name or runbook slug is bound here." },
  WORKFLOW_AMBIGUOUS: {
    status: 409,
    exit: 2,
    means: "More than one workflow answers to this name; say which by id or entity.",
  },
  TASK_NOT_FOUND: { status: 404, exit: 2, means: "There is no such task, or this key may not see it." },
  REPAIR_NOT_FOUND: { status: 404, exit: 2, means: "There is no such repair, or this key may not see it." },
  ROUTE_NOT_FOUND: { status: 404, exit: 4, means: "The server has no such path." },
  TENANT_EXISTS: { status: 409, exit: 1, means: "The slug is or was in use; slugs of tenants are never used again." },
  TENANT_NOT_ACTIVE: { status: 409, exit: 1, means: "The tenant is being set up, suspended or gone." },
  TENANT_BUSY: { status: 409, exit: 1, means: "The tenant still has open tasks." },
  ENTITY_EXISTS: { status: 409, exit: 1, means: "The tenant already has an entity of this slug." },
  WORKFLOW_NAME_TAKEN: { status: 409, exit: 1, means: "Another workflow of the organisation has this name." },
  WORKFLOW_BUSY: { status: 409, exit: 1, means: "The workflow still has open tasks." },
  BUNDLE_INVALID: { status: 422, exit: 1, means: "The bundle has faults; nothing was recorded." },
  DEPLOYMENT_FAILED: {
    status: 422,
    exit: 1,
    means: "A worker could not make the version ready; nothing else changed.",
  },
  RUNBOOK_NOT_READY: { status: 409, exit: 1, means: "The runbook has no version that is ready for this tenant." },
  SCHEDULE_INVALID: { status: 422, exit: 2, means: "The cron expression or the time zone is not valid." },
  SCHEDULE_NOT_FOUND: { status: 404, exit: 2, means: "The workflow has no schedule." },
  SCHEDULE_TIME_REFUSED: {
    status: 409,
    exit: 1,
    means: "The nominal time cannot be run: the schedule has no such time, it ran already, or it lies ahead.",
  },
  INPUT_INVALID: {
    status: 422,
    exit: 2,
    means: "The start parameters do not fit the runbook's schema; no task was started.",
  },
  IDEMPOTENCY_MISMATCH: { status: 422, exit: 1, means: "The Idempotency-Key was used before with another request." },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    exit: 1,
    means: "A request with this Idempotency-Key is still being worked on.",
  },
  GATE_NOT_OPEN: {
    status: 409,
    exit: 1,
    means: "The task is not waiting for this: it was answered already, or nothing waits.",
  },
  GATE_AMBIGUOUS: { status: 409, exit: 2, means: "The task waits for several things; say which." },
  REASON_REQUIRED: { status: 422, exit: 2, means: "This decision needs a reason." },
  CORRECTION_REFUSED: {
    status: 422,
    exit: 1,
    means: "A correction names no row or field, a field that may not change, or a value that does not fit.",
  },
  FILE_MISSING: { status: 400, exit: 2, means: "The request carries no file." },
  FILE_EMPTY: { status: 422, exit: 1, means: "The file has no bytes." },
  FILE_TOO_LARGE: { status: 413, exit: 1, means: "The file is over the limit." },
  FILE_TYPE_REJECTED: { status: 422, exit: 1, means: "The file is not of a type that is asked for." },
  DATA_NOT_TAKEN: {
    status: 409,
    exit: 1,
    means: "The runbook takes no rows as data, or not rows of this kind.",
  },
  SECRET_NOT_FOUND: { status: 404, exit: 2, means: "The tenant has no such secret." },
  TASK_RUNNING: {
    status: 409,
    exit: 1,
    means: "An open task of the workflow keeps this one from starting; nothing was started.",
  },
  BACKFILL_NOT_FOUND: { status: 404, exit: 2, means: "There is no such backfill, or this key may not see it." },
  BACKFILL_RUNNING: {
    status: 409,
    exit: 1,
    means: "A backfill of the workflow is under way; nothing was started.",
  },
  TASK_CLOSED: { status: 409, exit: 1, means: "The task has ended." },
  REPAIR_REFUSED: {
    status: 409,
    exit: 1,
    means: "The task cannot go on with this version; nothing changed.",
  },
  TASK_UNREACHABLE: {
    status: 503,
    exit: 4,
    means: "The task's code does not answer: its host is starting, or its code is failing.",
  },
  BODY_TOO_LARGE: { status: 413, exit: 1, means: "The request is over the limit." },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, exit: 4, means: "The request's content type is not what the route takes." },
  ENGINE_UNAVAILABLE: { status: 503, exit: 4, means: "Temporal cannot be reached." },
  STORE_UNAVAILABLE: { status: 503, exit: 4, means: "Postgres cannot be reached." },
  SERVER_UNREACHABLE: { status: 503, exit: 4, means: "The client could not reach the server." },
  ANSWER_INVALID: { status: 502, exit: 4, means: "The server's answer is not what this client understands." },
  PORT_TAKEN: { status: 503, exit: 4, means: "Another program listens on the port." },
  HOME_IN_USE: { status: 503, exit: 4, means: "Another `ntro up` runs on this data folder." },
  TOOL_MISSING: {
    status: 503,
    exit: 4,
    means: "PostgreSQL or the Temporal CLI is not there and could not be fetched.",
  },
  DATA_FOLDER_NEWER: { status: 503, exit: 4, means: "A newer ntro or PostgreSQL wrote the data folder." },
  DATA_FOLDER_OLDER: { status: 503, exit: 4, means: "An older PostgreSQL wrote the data folder." },
  DATA_FOLDER_CORRUPT: { status: 503, exit: 4, means: "Files of the data folder are missing or cannot be read." },
  DATA_FOLDER_UNREACHABLE: { status: 503, exit: 4, means: "The data folder cannot be entered or written." },
  START_FAILED: { status: 503, exit: 4, means: "A part of the platform ended while it started." },
  STOP_FAILED: { status: 503, exit: 4, means: "A part of the platform did not end." },
  INTERNAL: { status: 500, exit: 4, means: "An error of ours; the log has it under the request id." },
} as const satisfies Record<string, { status: number; exit: 1 | 2 | 3 | 4; means: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ErrorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** The body of every answer with a status of 400 or more. `error` is what the published clients show as detail. */
export const ErrorBody = z.object({
  statusCode: z.number().int(),
  message: z.string(),
  error: z.string(),
  code: z.string(),
  hint: z.string().optional(),
  requestId: z.string().optional(),
  /** More about it, such as a bundle's faults or the invalid fields. */
  details: z.array(z.unknown()).optional(),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

/**
 * An error that may be shown to whoever asked. `message` says what happened, `hint` what to do or type next. A cause that must not go out
 * is given as `cause` and stays in the log.
 */
export class NtroError extends Error {
  override readonly name = "NtroError";
  readonly hint: string | undefined;
  readonly details: readonly unknown[] | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; details?: readonly unknown[] | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.details = options.details;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get exitCode(): 1 | 2 | 3 | 4 {
    return ERRORS[this.code].exit;
  }
}

/** The body that goes out for an error; never contains its cause or stack. */
export function errorBody(error: NtroError, requestId?: string): ErrorBody {
  return {
    statusCode: error.status,
    message: error.message,
    error: ERRORS[error.code].means,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(error.details === undefined ? {} : { details: [...error.details] }),
  };
}
