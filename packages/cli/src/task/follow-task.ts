import { isClosed, type NtroClient, type Task } from "@ntro/contract";
import { lookOnEvents } from "../look-on-events";
import { BackOff, isAway } from "../persist";

/** When to stop watching a task that has not ended. */
export interface FollowLimits {
  /** Milliseconds since 1970; undefined: never. */
  readonly deadline: number | undefined;
  /** Stop as soon as it waits for a person. */
  readonly stopAtPerson: boolean;
}

/** How watching ended, with the task as it was last seen (undefined when it was never reached). */
export type FollowEnd =
  | { readonly outcome: "closed"; readonly task: Task }
  | { readonly outcome: "waiting"; readonly task: Task }
  | { readonly outcome: "timeout"; readonly task: Task | undefined };

/** What is told while a task is watched. */
export interface TaskWatcher {
  /** The task as it is now; called for every change. */
  seen(task: Task): void;
  /** The server is away; told once until it is back. */
  lost(): void;
  back(): void;
}

/**
 * Watches a task over the stream of events until it ends or a limit is reached. While the server is away it reconnects for ever, up to the
 * deadline. Each event leads to one look at the task, so that what is shown does not depend on what events carry.
 */
export async function followTask(
  api: NtroClient,
  taskId: string,
  limits: FollowLimits,
  watcher: TaskWatcher,
): Promise<FollowEnd> {
  const backOff = new BackOff();
  let latest: Task | undefined;
  let away = false;
  const seen = (task: Task) => {
    if (away) watcher.back();
    away = false;
    backOff.reset();
    latest = task;
    watcher.seen(task);
  };
  for (;;) {
    const left = limits.deadline === undefined ? Number.POSITIVE_INFINITY : limits.deadline - Date.now();
    if (left <= 0) return { outcome: "timeout", task: latest };
    try {
      const look = async (signal: AbortSignal) => {
        const task = await api.call("tasks.get", { params: { id: taskId }, signal });
        seen(task);
        return isClosed(task.status) || (limits.stopAtPerson && waitsForPerson(task));
      };
      await lookOnEvents(api, { filter: { task: taskId }, look }, left);
    } catch (error) {
      // The first look tells whether the task can be watched at all.
      if (!isAway(error) || latest === undefined) throw error;
      if (!away) watcher.lost();
      away = true;
    }
    if (latest && isClosed(latest.status)) return { outcome: "closed", task: latest };
    if (latest && limits.stopAtPerson && waitsForPerson(latest)) return { outcome: "waiting", task: latest };
    await backOff.pause(left);
  }
}

/** Whether a task goes on only when somebody does something: answers a gate, or repairs its code. */
function waitsForPerson(task: Task): boolean {
  return task.status === "BLOCKED" && (task.gates.length > 0 || task.failure != null);
}
