import { type ErrorCode, NtroError } from "@ntro/contract";

/** An embedded service could not be started or stopped: `message` says what happened, `hint` what to type next. */
export class EmbeddedServiceError extends NtroError {
  constructor(
    code: Extract<
      ErrorCode,
      | "PORT_TAKEN"
      | "HOME_IN_USE"
      | "TOOL_MISSING"
      | `DATA_FOLDER_${"NEWER" | "OLDER" | "CORRUPT" | "UNREACHABLE"}`
      | "START_FAILED"
      | "STOP_FAILED"
    >,
    message: string,
    hint: string,
    options: { cause?: unknown } = {},
  ) {
    super(code, message, { hint, ...options });
  }
}

/** True for errors of the operating system (`ENOENT`, `EACCES`, …), which carry their name in `code`. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return false;
  return codes.length === 0 || codes.includes(error.code);
}

/**
 * Runs a start and turns what the operating system refused (a full disk, a folder that may not be written) into an
 * EmbeddedServiceError that names the service. Other errors pass unchanged.
 */
export async function explainSystemErrors<T>(service: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof EmbeddedServiceError || !isSystemError(error)) throw error;
    throw new EmbeddedServiceError(
      "START_FAILED",
      `${service} could not be started: ${error.message}`,
      "Free the disk space or correct the owner of the path named above, then start again.",
      { cause: error },
    );
  }
}
