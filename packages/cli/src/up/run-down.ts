import type { ExitCode } from "../command";
import type { Context } from "../context";
import { lockHome } from "../embedded/home-lock";
import { isRunning, type StopStep, stopProcess } from "../embedded/running-process";
import { readServiceState } from "../embedded/service-state";
import { endLeftOvers, findOwn } from "./own-process";
import { isUp, readUpState } from "./up-state";

/** `ntro up` itself stops worker, server, Temporal and Postgres in this time, in milliseconds. */
const UP_STEPS: StopStep[] = [{ signal: "SIGTERM", waitMs: 120_000 }];

/** What a killed `ntro up` may have left, and how each is stopped in order. */
const SERVICES: readonly { readonly name: string; readonly steps: StopStep[] }[] = [
  {
    name: "temporal",
    steps: [
      { signal: "SIGTERM", waitMs: 20_000 },
      { signal: "SIGKILL", waitMs: 10_000 },
    ],
  },
  {
    name: "postgres",
    steps: [
      { signal: "SIGINT", waitMs: 60_000 },
      { signal: "SIGQUIT", waitMs: 15_000 },
    ],
  },
];

/** Stops the platform of this home, and what a killed one has left running. Nothing to stop is no error. */
export async function runDown({ home, out }: Context): Promise<ExitCode> {
  const state = readUpState(home);
  let stopped = 0;
  if (isUp(state)) {
    out.say(`Stopping (process ${state.pid})…`);
    await stopProcess("ntro up", state, UP_STEPS);
    stopped += 1;
  }
  const left = SERVICES.filter(({ name }) => isLeft(home, name));
  if (left.length > 0 || findOwn(home).length > 0) {
    const unlock = lockHome(home);
    try {
      await endLeftOvers(home, (line) => out.say(line));
      for (const { name, steps } of left) {
        const running = readServiceState(home, name)?.process;
        if (!running || !isRunning(running)) continue;
        out.say(`${name} of an earlier start still runs (process ${running.pid}); it is stopped`);
        await stopProcess(name, running, steps);
      }
    } finally {
      unlock();
    }
    stopped += 1;
  }
  if (stopped === 0) out.say("Nothing is running.");
  else out.success("Stopped.");
  out.data({ stopped: stopped > 0, home }, () => "");
  return 0;
}

function isLeft(home: string, service: string): boolean {
  const running = readServiceState(home, service)?.process;
  return running !== null && running !== undefined && isRunning(running);
}
