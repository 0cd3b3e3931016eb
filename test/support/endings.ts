/** What ends the processes and connections that a test file has started. */
export class Endings {
  readonly #steps: (() => Promise<unknown>)[] = [];

  /** Adds a step, to be done before those that are there. */
  add(step: () => Promise<unknown>): void {
    this.#steps.unshift(step);
  }

  /** Does every step, also where one before it failed; once each. @throws the first failure */
  async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0)) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
