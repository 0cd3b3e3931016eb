import type { Backfill, NtroClient } from "@ntro/contract";
import { lookOnEvents } from "../look-on-events";
import { BackOff, isAway } from "../persist";

/** What is told while a backfill is followed. */
export interface BackfillWatcher {
  /** The backfill as it is now; called for every change. */
  seen(backfill: Backfill): void;
  /** The server is away; told once until it is back. */
  lost(): void;
  back(): void;
}

/** Follows a backfill over the stream of its tenant's events until it is over, and gives it. While the server is away it reconnects for ever. */
export async function followBackfill(api: NtroClient, started: Backfill, watcher: BackfillWatcher): Promise<Backfill> {
  const backOff = new BackOff();
  let latest = started;
  let away = false;
  const look = async (signal: AbortSignal) => {
    latest = await api.call("backfills.get", { params: { id: started.id }, signal });
    if (away) watcher.back();
    away = false;
    backOff.reset();
    watcher.seen(latest);
    return latest.status !== "running";
  };
  for (;;) {
    try {
      await lookOnEvents(
        api,
        {
          filter: { tenant: started.tenantSlug },
          concerns: (event) =>
            event.data.backfillId === started.id || latest.periods.some(({ task }) => task && task.id === event.taskId),
          look,
        },
        Number.POSITIVE_INFINITY,
      );
    } catch (error) {
      if (!isAway(error)) throw error;
      if (!away) watcher.lost();
      away = true;
    }
    if (latest.status !== "running") return latest;
    await backOff.pause();
  }
}
