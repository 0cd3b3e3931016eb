import { isClosed, type NtroClient, type Task } from "@ntro/contract";
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

/** How often a task is looked at beside its stream, in milliseconds: it repairs what an event should have told. */
const LOOK_INTERVAL_MS = 15_000;

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
      await watchOnce(api, taskId, left, limits, seen);
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

/** One connection: until the task has ended, a limit is reached, or the stream breaks. Throws when the server cannot be reached. */
async function watchOnce(
  api: NtroClient,
  taskId: string,
  left: number,
  limits: FollowLimits,
  seen: (task: Task) => void,
): Promise<void> {
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
        const task = await api.call("tasks.get", { params: { id: taskId }, signal: stop.signal });
        seen(task);
        if (isClosed(task.status) || (limits.stopAtPerson && waitsForPerson(task))) stop.abort();
      }
    } catch (error) {
      if (!stop.signal.aborted) failure = error;
      stop.abort();
    } finally {
      looking = false;
    }
  };
  try {
    for await (const _event of api.events({ task: taskId }, { signal: stop.signal, opened: look })) look();
  } catch (error) {
    // A stream that is cut ends with a TypeError of fetch; that alone is no failure.
    if (!stop.signal.aborted && !(error instanceof TypeError)) throw error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    stop.abort();
  }
  if (failure !== undefined) throw failure;
}
