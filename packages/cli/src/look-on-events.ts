import type { NtroClient, StreamEvent } from "@ntro/contract";

/** How often something is looked at beside its stream, in milliseconds: it repairs what an event should have told. */
const LOOK_INTERVAL_MS = 15_000;

/** Something that is looked at whenever an event concerns it. */
export interface Looked {
  /** What the stream is limited to. */
  readonly filter: Parameters<NtroClient["events"]>[0];
  /** Whether an event leads to a look; without it every one does. */
  concerns?(event: StreamEvent): boolean;
  /** Looks, and says whether that was the last time. Never called twice at once. */
  look(signal: AbortSignal): Promise<boolean>;
}

/**
 * One connection to the stream of events: looks once it is open, at every event that concerns, and now and then, until a look was the last, the time is over or the
 * stream breaks. Throws what a look throws, and when the server cannot be reached.
 * @param left milliseconds
 */
export async function lookOnEvents(api: NtroClient, looked: Looked, left: number): Promise<void> {
  const stop = new AbortController();
  const timers = [setInterval(() => look(), LOOK_INTERVAL_MS)];
  // setTimeout takes 32 bits of milliseconds and would fire at once beyond them.
  if (left < 2 ** 31) timers.push(setTimeout(() => stop.abort(), left));
  let failure: unknown;
  let again = false;
  let looking = false;
  const look = () => {
    again = true;
    if (!looking) void lookOn();
  };
  const lookOn = async () => {
    looking = true;
    try {
      while (again && !stop.signal.aborted) {
        again = false;
        if (await looked.look(stop.signal)) stop.abort();
      }
    } catch (error) {
      if (!stop.signal.aborted) failure = error;
      stop.abort();
    } finally {
      looking = false;
    }
  };
  try {
    for await (const event of api.events(looked.filter, { signal: stop.signal, opened: look }))
      if (looked.concerns?.(event) ?? true) look();
  } catch (error) {
    // A stream that is cut ends with a TypeError of fetch; that alone is no failure.
    if (!stop.signal.aborted && !(error instanceof TypeError)) throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    stop.abort();
  }
  if (failure !== undefined) throw failure;
}
