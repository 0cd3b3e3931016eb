import { setTimeout as delay } from "node:timers/promises";
import { NtroError } from "@ntro/contract";

/** What says that something was not done, or that nobody knows whether it was, as something was away. */
const AWAY = [
  "SERVER_UNREACHABLE",
  "ENGINE_UNAVAILABLE",
  "STORE_UNAVAILABLE",
  "IDEMPOTENCY_IN_PROGRESS",
  "TASK_UNREACHABLE",
];

function isAway(error: unknown): boolean {
  return error instanceof NtroError && AWAY.includes(error.code);
}

/** Does something until nothing that it needs is away, as a patient person would. Throws what else it throws, and the signal's reason. */
export async function patiently<T>(
  signal: AbortSignal,
  act: () => Promise<T>,
  away: () => void = () => {},
): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isAway(error)) throw error;
      away();
      await pause(150, signal, error);
    }
  }
}

/** Waits; throws when the signal is aborted, with what was waited for last as its cause. */
export async function pause(milliseconds: number, signal: AbortSignal, waitedFor?: unknown): Promise<void> {
  if (milliseconds > 0) await delay(milliseconds, undefined, { signal }).catch(() => {});
  if (signal.aborted) throw new Error("it took too long", { cause: waitedFor ?? signal.reason });
}
