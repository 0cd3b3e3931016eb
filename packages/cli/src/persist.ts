import { setTimeout as delay } from "node:timers/promises";
import { NtroError } from "@ntro/contract";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;

/** Codes that say "not now": the server, or something it needs, is away. */
const AWAY = new Set(["SERVER_UNREACHABLE", "ENGINE_UNAVAILABLE", "STORE_UNAVAILABLE", "IDEMPOTENCY_IN_PROGRESS"]);

/** Whether an error means that the server is away for now. */
export function isAway(error: unknown): boolean {
  return error instanceof NtroError && AWAY.has(error.code);
}

/** Pauses between attempts: 0.2 s, doubling up to 3 s. */
export class BackOff {
  #next = FIRST_PAUSE_MS;

  reset(): void {
    this.#next = FIRST_PAUSE_MS;
  }

  /** Waits; at most `limit` milliseconds. */
  async pause(limit = Number.POSITIVE_INFINITY): Promise<void> {
    await delay(Math.max(0, Math.min(this.#next, limit)));
    this.#next = Math.min(this.#next * 2, LONGEST_PAUSE_MS);
  }
}

/**
 * Does a call again while the server is away, for at most `forMs` milliseconds; then throws what it threw. Only for calls that may be done
 * twice: reads, and creations with an idempotency key.
 * @param away told once, when the first attempt fails
 */
export async function persist<T>(call: () => Promise<T>, forMs: number, away: () => void = () => {}): Promise<T> {
  const deadline = Date.now() + forMs;
  const backOff = new BackOff();
  for (let told = false; ; told = true) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error) || Date.now() >= deadline) throw error;
      if (!told) away();
      await backOff.pause(deadline - Date.now());
    }
  }
}
