import { setTimeout as delay } from "node:timers/promises";
import type { ExitStatus, ProcessIdentity } from "../embedded/running-process";

/** A process of the platform that is at work. */
export interface RunningPart {
  readonly identity: ProcessIdentity;
  /** Where it listens; null for what listens nowhere. */
  readonly address: string | null;
  readonly exited: Promise<ExitStatus>;
  /** Ends it in order, bounded. */
  stop(): Promise<void>;
}

/** Pauses before a part that died is started again, in milliseconds; the last one repeats. */
const PAUSES_MS = [100, 500, 1_000, 2_000, 5_000, 15_000, 30_000] as const;
/** How long a start that is under way when the part is stopped may take to come to its end, in milliseconds: only then is there a process to end. */
const SETTLE_MS = 30_000;
/** A part that ran this long after it was ready is taken as sound: its next end begins with the first pause again. */
const SOUND_AFTER_MS = 3_000;

export interface SupervisedEvents {
  log(line: string): void;
  /** Called when the part has been started, has died, or has been stopped. */
  changed(): void;
}

/** One part of the platform, kept running: when it ends by itself it is started again, after a pause that grows. */
export class Supervised {
  #running: RunningPart | undefined;
  #restarts = 0;
  #failures = 0;
  #since = new Date();
  readonly #stopping = new AbortController();
  #launching: Promise<unknown> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly launch: () => Promise<RunningPart>,
    private readonly events: SupervisedEvents,
  ) {}

  get running(): RunningPart | undefined {
    return this.#running;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get since(): Date {
    return this.#since;
  }

  /** The first start; throws what keeps it from starting. */
  async start(): Promise<RunningPart> {
    const part = await this.#launch();
    if (this.#stopping.signal.aborted) return part;
    this.#watching = this.#keepRunning(part);
    return part;
  }

  /** Ends the part and the watch over it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#launching, delay(SETTLE_MS, undefined, { ref: false })]);
    await this.#watching.catch(() => {});
    const part = this.#running;
    this.#running = undefined;
    await part?.stop();
    this.events.changed();
  }

  /** Ends the process so that it is started again at once, as when what it was given has changed. */
  async restart(): Promise<void> {
    await this.#running?.stop();
  }

  async #launch(): Promise<RunningPart> {
    const launching = this.launch();
    this.#launching = launching.catch(() => {});
    const part = await launching;
    this.#running = part;
    this.#since = new Date();
    this.events.changed();
    return part;
  }

  async #keepRunning(first: RunningPart): Promise<void> {
    const { signal } = this.#stopping;
    const stopped = new Promise<"stopped">((resolve) => signal.addEventListener("abort", () => resolve("stopped")));
    for (let part: RunningPart | undefined = first; ; ) {
      const end = part ? await Promise.race([part.exited, stopped]) : undefined;
      if (signal.aborted || end === "stopped") return;
      if (part && end) this.#tellEnd(end);
      const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 0;
      this.#failures += 1;
      this.events.log(`${this.name} is started again in ${pause / 1000} s`);
      await delay(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      part = await this.#launchAgain();
    }
  }

  #tellEnd(end: ExitStatus): void {
    this.#running = undefined;
    if (Date.now() - this.#since.getTime() > SOUND_AFTER_MS) this.#failures = 0;
    const how = end.signal ?? (end.code === null ? "by somebody else" : `exit code ${end.code}`);
    this.events.log(`${this.name} has ended (${how})`);
    this.events.changed();
  }

  async #launchAgain(): Promise<RunningPart | undefined> {
    try {
      const part = await this.#launch();
      this.#restarts += 1;
      this.events.log(`${this.name} runs again (process ${part.identity.pid})`);
      this.events.changed();
      return part;
    } catch (error) {
      this.events.log(`${this.name} did not start: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}
