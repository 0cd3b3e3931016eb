/** What can keep an embedded service from starting or stopping; one code per way out. */
export type EmbeddedServiceErrorCode =
  | "PORT_TAKEN"
  | "TOOL_MISSING"
  | "DATA_FOLDER_NEWER"
  | "DATA_FOLDER_OLDER"
  | "DATA_FOLDER_CORRUPT"
  | "DATA_FOLDER_UNREACHABLE"
  | "START_FAILED"
  | "STOP_FAILED"
  | "HOME_IN_USE";

/** An embedded service could not be started or stopped: `message` says what happened, `hint` what to type next. */
export class EmbeddedServiceError extends Error {
  override readonly name = "EmbeddedServiceError";

  constructor(
    readonly code: EmbeddedServiceErrorCode,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
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
