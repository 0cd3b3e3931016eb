/** Options of the commands that watch a task. */
export const watchOptions = {
  wait: { help: "Watch it until it ends" },
  timeout: { value: "duration", help: "Stop watching after this long, such as 90s, 30m, 2h (default: never)" },
  noWaitHuman: { help: "Stop watching when it waits for a person (exit 3)" },
} as const;

/** What exit codes mean where a task is watched. */
export const WATCH_NOTES = `Exit codes with --wait: 0 completed · 1 failed or rejected · 3 waits for a person (--no-wait-human) · 4 --timeout is over,
or the server cannot be reached. Ctrl-C stops watching; the task goes on.`;
