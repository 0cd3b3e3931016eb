import type { NtroClient, StateReport } from "@ntro/contract";

/** After a report could not be sent. */
const RETRY_MS = 1_000;
/** From one request to the next, when all that is to tell is that steps moved on. */
const PACE_MS = 50;
const BATCH = 500;

/**
 * Sends state reports to the server: one request at a time, only the newest of each workflow. What somebody waits for (a gate, an end, failing code) goes out
 * at once; steps that move on are gathered for a moment, as each request costs the server a transaction. While the server is away reports wait here; what
 * a host takes to its grave the server repairs from Temporal.
 */
export class Reporter {
  readonly #waiting = new Map<string, StateReport>();
  #sending: Promise<void> | undefined;
  #closed = false;
  /** Ends the pause between two requests. */
  #hurry: () => void = () => {};
  #urgent = false;

  constructor(
    private readonly client: NtroClient,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Takes a report; never blocks and never throws. */
  report(report: StateReport): void {
    const key = `${report.kind === "state" ? "state" : "code"} ${report.workflow_id}`;
    const earlier = this.#waiting.get(key);
    if (
      earlier?.kind === "state" &&
      report.kind === "state" &&
      earlier.run_id === report.run_id &&
      earlier.seq > report.seq
    )
      return;
    this.#waiting.set(key, report);
    if (isUrgent(report)) {
      this.#urgent = true;
      this.#hurry();
    }
    this.#sending ??= this.#send();
  }

  /** Sends what waits, once; for a host that stops. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#hurry();
    await this.#sending;
  }

  async #send(): Promise<void> {
    // In the next turn, so that all reports of this one go out together.
    await new Promise(setImmediate);
    while (this.#waiting.size > 0) {
      this.#urgent = false;
      const batch = [...this.#waiting].slice(0, BATCH);
      for (const [key] of batch) this.#waiting.delete(key);
      try {
        await this.client.call("worker.report", { body: { reports: batch.map(([, report]) => report) } });
        if (!this.#urgent && !this.#closed) await this.#pause();
      } catch (error) {
        this.onError(error);
        for (const [key, report] of batch) if (!this.#waiting.has(key)) this.#waiting.set(key, report);
        if (this.#closed) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#sending = undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PACE_MS);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Whether somebody may be waiting for what a report tells. */
function isUrgent(report: StateReport): boolean {
  return report.kind !== "state" || report.closing !== null || report.gates.length > 0;
}
