import type { StreamEvent } from "@ntro/contract";
import type { Logger } from "pino";
import type { Db } from "./database";
import { type EventFilter, matches, newestEvent, readEvents } from "./events";
import { Listener } from "./listener";

const PAGE = 500;
/** Events a subscriber may lag behind before it is sent back to read from the table. */
const BACKLOG = 1000;

/** One reader of the stream: live events wait here until it takes them. */
interface Subscriber {
  readonly filter: EventFilter;
  pending: StreamEvent[];
  /** The backlog overflowed: the table has what is missing. */
  behind: boolean;
  wake: () => void;
}

/** Live events and nudges, across server processes: one LISTEN connection, one read for all subscribers. */
export class EventBus {
  readonly #subscribers = new Set<Subscriber>();
  readonly #nudged = new Set<() => void>();
  readonly #listener: Listener;
  #position: bigint | null = null;
  #reading: Promise<void> | null = null;
  #again = false;

  constructor(
    private readonly db: Db,
    url: string,
    private readonly log: Logger,
  ) {
    this.#listener = new Listener(url, log, (wake) => {
      // After a gap in listening anything may have happened.
      if (wake !== "worker") this.#read();
      if (wake !== "events") for (const tell of this.#nudged) tell();
    });
  }

  /** Starts to listen; from then on it reconnects by itself until closed. */
  async start(): Promise<void> {
    this.#position = BigInt(await newestEvent(this.db));
    this.#listener.start();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.#reading;
  }

  /**
   * The events of a filter after an id (`null`: from now), first those that were, then those that come; in order, none missed, none twice. Once the
   * promise settles nothing is missed any more. The iteration ends when `signal` is aborted.
   */
  async subscribe(
    filter: EventFilter,
    after: string | null,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<StreamEvent>> {
    const subscriber: Subscriber = { filter, pending: [], behind: true, wake: () => {} };
    this.#subscribers.add(subscriber);
    // Also when nobody ever iterates.
    signal.addEventListener("abort", () => this.#subscribers.delete(subscriber), { once: true });
    try {
      const from = after ?? (await newestEvent(this.db));
      return this.#follow(subscriber, BigInt(from), signal);
    } catch (error) {
      this.#subscribers.delete(subscriber);
      throw error;
    }
  }

  /** Calls `tell` whenever what workers should run may have changed (and after gaps in listening); gives the function that ends this. */
  onNudge(tell: () => void): () => void {
    this.#nudged.add(tell);
    return () => this.#nudged.delete(tell);
  }

  async *#follow(subscriber: Subscriber, from: bigint, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    let position = from;
    const stop = () => subscriber.wake();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const events = await this.#take(subscriber, position);
        for (const event of events) {
          if (BigInt(event.id) <= position) continue;
          position = BigInt(event.id);
          yield event;
          if (signal.aborted) return;
        }
        if (events.length === 0 && !subscriber.behind && subscriber.pending.length === 0 && !signal.aborted)
          await new Promise<void>((resolve) => {
            subscriber.wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener("abort", stop);
      this.#subscribers.delete(subscriber);
    }
  }

  async #take(subscriber: Subscriber, position: bigint): Promise<StreamEvent[]> {
    if (!subscriber.behind) return subscriber.pending.splice(0);
    // Cleared before the read: what is told from here on is either in the rows read or pending.
    subscriber.behind = false;
    const rows = await readEvents(this.db, subscriber.filter, String(position), PAGE);
    if (rows.length === PAGE) subscriber.behind = true;
    return rows;
  }

  /** Reads new rows and hands them out; calls while one is under way lead to one more. */
  #read(): void {
    this.#again = true;
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = null;
      if (this.#again) this.#read();
    });
  }

  async #readOn(): Promise<void> {
    while (this.#again && this.#position !== null) {
      this.#again = false;
      try {
        const events = await readEvents(this.db, {}, String(this.#position), PAGE);
        if (events.length === PAGE) this.#again = true;
        for (const event of events) this.#hand(event);
      } catch (error) {
        // The listener's connection is then lost too; when it is back it wakes us.
        this.log.warn({ err: error }, "new events could not be read");
        this.#listener.reconnect();
      }
    }
  }

  #hand(event: StreamEvent): void {
    this.#position = BigInt(event.id);
    for (const subscriber of this.#subscribers) {
      if (!matches(event, subscriber.filter)) continue;
      if (subscriber.pending.length >= BACKLOG) {
        subscriber.pending = [];
        subscriber.behind = true;
      } else subscriber.pending.push(event);
      subscriber.wake();
    }
  }
}
