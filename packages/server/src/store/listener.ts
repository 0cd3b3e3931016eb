import pg from "pg";
import type { Logger } from "pino";
import { CHANNEL, type Wake } from "./events";

const FIRST_DELAY = 100;
const LONGEST_DELAY = 5_000;

/**
 * One connection that LISTENs and comes back by itself. Notifications are lost while it is away, so it wakes its owner with null each time it
 * is connected (again).
 */
export class Listener {
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | null = null;
  #delay = FIRST_DELAY;
  #closed = false;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
    private readonly wake: (what: Wake | null) => void,
  ) {}

  start(): void {
    void this.#connect();
  }

  /** Gives the connection up and makes a new one. */
  reconnect(): void {
    this.#lost(this.#client, new Error("given up by its owner"));
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client({
      connectionString: this.url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      application_name: "ntro-listener",
    });
    this.#client = client;
    client.on("error", (error) => this.#lost(client, error));
    client.on("end", () => this.#lost(client, new Error("the connection ended")));
    client.on("notification", (message) => {
      if (message.payload === "events" || message.payload === "worker") this.wake(message.payload);
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#delay = FIRST_DELAY;
      this.wake(null);
    } catch (error) {
      this.#lost(client, error);
    }
  }

  #lost(client: pg.Client | null, error: unknown): void {
    if (client === null || client !== this.#client) return;
    this.#client = null;
    void client.end().catch(() => {});
    if (this.#closed) return;
    this.log.warn({ err: error, retryInMs: this.#delay }, "the connection that listens for events was lost");
    this.#timer = setTimeout(() => void this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }
}
