import { type ErrorBody, errorBody, NtroError } from "@ntro/contract";
import type { FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod";
import { isStoreAway, storeUnavailable } from "../store/database";

/** SQLSTATEs of text that Postgres cannot hold: NUL and half surrogates. */
const TEXT_STATES = new Set(["22P05", "22021"]);

/** The fault of a request as zod found it, every wrong field named. */
export function invalidRequest(error: z.ZodError, where: "body" | "query"): NtroError {
  const details = error.issues.map((issue) => ({
    field: [...issue.path.map(String), ...(issue.code === "unrecognized_keys" ? [issue.keys.join(", ")] : [])].join(
      ".",
    ),
    message: issue.message,
  }));
  const shown = details.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  return new NtroError("REQUEST_INVALID", `The ${where} of the request is not valid. ${shown.slice(0, 5).join("; ")}`, {
    details,
  });
}

/** What to answer with when something was thrown; everything that is not meant for the asker becomes `INTERNAL`. */
function toNtroError(error: unknown): NtroError {
  if (error instanceof NtroError) return error;
  if (isStoreAway(error)) return storeUnavailable(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new NtroError("BODY_TOO_LARGE", "The request is too large.");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE" || code === "FST_INVALID_MULTIPART_CONTENT_TYPE")
    return new NtroError("MEDIA_TYPE_UNSUPPORTED", "The route does not take this content type.", {
      hint: "Send application/json, or multipart/form-data where a file is submitted.",
    });
  if (code === "FST_REQ_FILE_TOO_LARGE") return new NtroError("FILE_TOO_LARGE", "The file is over the limit.");
  if (TEXT_STATES.has(code))
    return new NtroError("REQUEST_INVALID", "The request has text with a NUL or a broken character.", { cause: error });
  // What Fastify refuses by itself: broken JSON, a broken URL, an empty body of a type that has one.
  if (error instanceof Error && code.startsWith("FST_") && "statusCode" in error && error.statusCode === 400)
    return new NtroError("REQUEST_INVALID", `The request cannot be read: ${error.message}.`, { cause: error });
  if (error instanceof SyntaxError && "statusCode" in error)
    return new NtroError("REQUEST_INVALID", "The body of the request is not JSON.", { cause: error });
  return new NtroError("INTERNAL", "Something went wrong on the server.", {
    hint: "The server's log has it under the request id.",
    cause: error,
  });
}

/** Answers with an error and logs what must not go out. The one place where errors leave the server. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): ErrorBody {
  const error = toNtroError(thrown);
  if (error.code === "INTERNAL") request.log.error({ err: error.cause ?? thrown }, "request failed");
  else if (error.cause !== undefined) request.log.warn({ err: error.cause, code: error.code }, error.message);
  void reply.code(error.status).header("x-request-id", request.id);
  if (error.code === "UNAUTHENTICATED") void reply.header("www-authenticate", "Bearer");
  if (error.status === 503) void reply.header("retry-after", "1");
  return errorBody(error, request.id);
}
