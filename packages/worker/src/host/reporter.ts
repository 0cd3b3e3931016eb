import type { NtroClient, StateReport } from "@ntro/contract";

/** After a report could not be sent. */
const RETRY_MS = 1_000;
const BATCH = 500;

/**
 * Sends state reports to the server: at once, one request at a time, only the newest of each workflow. While the server is away they wait here; what a
 * host takes to its grave the server repairs from Temporal.
 */
export class Reporter {
  readonly #waiting = new Map<string, StateReport>();
  #sending: Promise<void> | undefined;
  #closed = false;

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
    this.#sending ??= this.#send();
  }

  /** Sends what waits, once; for a host that stops. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
  }

  async #send(): Promise<void> {
    // In the next turn, so that all reports of this one go out together.
    await new Promise(setImmediate);
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, BATCH);
      for (const [key] of batch) this.#waiting.delete(key);
      try {
        await this.client.call("worker.report", { body: { reports: batch.map(([, report]) => report) } });
      } catch (error) {
        this.onError(error);
        for (const [key, report] of batch) if (!this.#waiting.has(key)) this.#waiting.set(key, report);
        if (this.#closed) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#sending = undefined;
  }
}
