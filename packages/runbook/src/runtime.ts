/** Milliseconds, or a number with its unit: `"90s"`, `"24h"`, `"30d"`. */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration in whole milliseconds. Throws `RangeError` for one that is negative or not written as the type says. */
export function milliseconds(duration: Duration): number {
  const written = typeof duration === "number" ? `${duration}ms` : duration;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(written) ?? [];
  if (amount === undefined)
    throw new RangeError(`${JSON.stringify(duration)} is no duration; write "90s", "24h" or a number of milliseconds.`);
  return Math.round(Number(amount) * UNITS[unit as keyof typeof UNITS]);
}

/** What workflow code may use in place of the clock, random numbers and timers: recorded, so that a replay sees the same. */
export interface Runtime {
  now(): Date;
  uuid(): string;
  sleep(duration: Duration): Promise<void>;
}

let current: Runtime | undefined;

/** Called once by the platform in each V8 context that runs workflow code. */
export function setRuntime(runtime: Runtime): void {
  current = runtime;
}

function runtime(name: string): Runtime {
  if (!current) throw new Error(`${name}() belongs to workflow code; in an activity use the language's own.`);
  return current;
}

/** The time of the task's clock. The same on every replay. */
export function now(): Date {
  return runtime("now").now();
}

/** A random UUID (version 4) that is the same on every replay. */
export function uuid(): string {
  return runtime("uuid").uuid();
}

/** Waits durably: survives restarts, costs nothing while it waits. */
export function sleep(duration: Duration): Promise<void> {
  return runtime("sleep").sleep(duration);
}
