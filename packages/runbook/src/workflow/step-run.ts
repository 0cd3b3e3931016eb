import { CancellationScope } from "@temporalio/workflow";

/** One run of a step. Whatever its work begins is awaited before the work ends, or cancelled when the work fails: nothing is left behind. */
export class StepRun {
  readonly #begun = new Map<Promise<unknown>, string>();

  constructor(readonly stepId: string) {}

  /** Keeps account of something that the step's work has begun; `what` names it in messages. */
  begin<T>(what: string, promise: Promise<T>): Promise<T> {
    const tracked: Promise<T> = promise.finally(() => this.#begun.delete(tracked));
    this.#begun.set(tracked, what);
    return tracked;
  }

  /** Does the step's work. Throws what the work throws, and an `Error` when the work ends before what it has begun. */
  async do<T>(work: () => Promise<T> | T): Promise<T> {
    const scope = new CancellationScope();
    try {
      const result = await scope.run(async () => work());
      if (this.#begun.size > 0)
        throw new Error(
          `The step "${this.stepId}" ended before what it had begun: ${[...this.#begun.values()].join(", ")}. Await everything that a step begins.`,
        );
      return result;
    } catch (error) {
      for (const left of this.#begun.keys()) left.catch(() => undefined);
      scope.cancel();
      throw error;
    }
  }
}
