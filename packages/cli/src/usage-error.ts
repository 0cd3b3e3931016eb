/** A command was typed in a way that cannot be carried out; exits 2. Light, so that it costs nothing at start. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(
    message: string,
    /** What to type instead. */
    readonly hint?: string,
  ) {
    super(message);
  }
}
