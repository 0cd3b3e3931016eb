/** Fails the task on purpose: what the author has foreseen, told to people as it is. Thrown by {@link fail}; never retried. */
export class RunbookFailure extends Error {
  override readonly name = "RunbookFailure";
  constructor(
    message: string,
    readonly type: string = "RunbookFailure",
  ) {
    super(message);
  }
}

/**
 * Ends the task as FAILED with this message, from workflow code or from an activity (which is then not retried). Any other error in an activity is retried by
 * its policy; any other error in workflow code is a bug and keeps the task open until it is repaired.
 */
export function fail(message: string, options: { type?: string } = {}): never {
  throw new RunbookFailure(message, options.type);
}
