import type { Services } from "../services";
import { noteWorker, PRESENCE_INTERVAL } from "../store/worker-presence";
import type { Handlers, StreamMessage } from "./handler";

const CHANGED: StreamMessage = { data: { type: "changed" } };

export const nudgeHandlers: Pick<Handlers, "worker.nudges"> = {
  "worker.nudges": async (services, { caller, signal }) => {
    if (caller.tenantId === null) await noteWorker(services.db);
    return nudges(services, caller.tenantId === null, signal);
  },
};

/**
 * One message at once, one whenever something changed (several changes at a time make one), and one at an interval, as time alone changes what
 * should run too. While a worker reads it counts as being there.
 */
async function* nudges(
  { db, events, log, settings }: Services,
  isWorker: boolean,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage> {
  let due = true;
  let wake = () => {};
  const nudge = () => {
    due = true;
    wake();
  };
  const forget = events.onNudge(nudge);
  const timer = setInterval(
    () => {
      nudge();
      if (isWorker)
        noteWorker(db).catch((error: unknown) => log.warn({ err: error }, "a worker's presence was not noted"));
    },
    Math.min(PRESENCE_INTERVAL, settings.idleMs),
  );
  signal.addEventListener("abort", nudge);
  try {
    while (!signal.aborted) {
      if (due) {
        due = false;
        yield CHANGED;
      } else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    forget();
    clearInterval(timer);
    signal.removeEventListener("abort", nudge);
  }
}
