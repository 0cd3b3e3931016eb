import type { Logger } from "pino";
import { isStoreAway } from "./store/database";

/** Something the server does again and again by itself, such as going on with what a crash interrupted. */
export interface Duty {
  readonly name: string;
  /** Milliseconds between the end of one run and the start of the next. */
  readonly every: number;
  /** Does what there is to do. It may be killed at any point, and run at the same time in another process. */
  run(): Promise<void>;
}

/** Runs duties: each at the start and then at its interval, one run of each at a time. */
export class Upkeep {
  readonly #timers = new Map<Duty, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(
    private readonly duties: readonly Duty[],
    private readonly log: Logger,
  ) {}

  start(): void {
    for (const duty of this.duties) this.#begin(duty);
  }

  /** Runs every duty once and waits for all of them. */
  async tick(): Promise<void> {
    await Promise.all(this.duties.map((duty) => this.#attempt(duty)));
  }

  /** Starts no more runs and waits for those under way. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #begin(duty: Duty): void {
    const run = this.#attempt(duty).finally(() => {
      this.#running.delete(run);
      if (!this.#closed)
        this.#timers.set(
          duty,
          setTimeout(() => this.#begin(duty), duty.every),
        );
    });
    this.#running.add(run);
  }

  async #attempt(duty: Duty): Promise<void> {
    try {
      await duty.run();
    } catch (error) {
      const level = isStoreAway(error) ? "warn" : "error";
      this.log[level]({ err: error, duty: duty.name }, "a duty failed; it runs again later");
    }
  }
}
