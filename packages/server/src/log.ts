import { type DestinationStream, type Logger, pino } from "pino";

/** How deep causes are followed. */
const CAUSES = 4;

/**
 * The server's log: one JSON object a line.
 * @param level `trace` to `fatal`, or `silent`
 */
export function makeLog(level: string, destination: DestinationStream): Logger {
  return pino(
    { name: "server", level, serializers: { err: (error: unknown) => describeError(error, CAUSES) } },
    destination,
  );
}

/**
 * Of an error only what explains it. Errors of drivers carry more: whole connections, and rows in the `detail` of Postgres, which are not for a log.
 */
function describeError(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const code =
    "code" in error && (typeof error.code === "string" || typeof error.code === "number") ? { code: error.code } : {};
  const cause = error.cause === undefined || depth === 0 ? {} : { cause: describeError(error.cause, depth - 1) };
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
