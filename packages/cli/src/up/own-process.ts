import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bareEnvironment, type DetachedProcess, startDetached } from "../embedded/detached-process";
import { EmbeddedServiceError } from "../embedded/embedded-service-error";
import { findOwnProcesses, type RunningProcess, type StopStep, stopProcess } from "../embedded/running-process";
import { parseJson } from "../embedded/service-state";
import type { RunningPart } from "./supervised";

/** The parts that are our own programs. */
export type OwnPart = "server" | "worker";

const STOP_STEPS: Record<OwnPart, StopStep[]> = {
  // A worker lets hosts finish what they are at; Temporal gives it to the next one otherwise.
  worker: [
    { signal: "SIGTERM", waitMs: 20_000 },
    { signal: "SIGKILL", waitMs: 5_000 },
  ],
  server: [
    { signal: "SIGTERM", waitMs: 10_000 },
    { signal: "SIGKILL", waitMs: 5_000 },
  ],
};

const LISTENING_DEADLINE_MS = 120_000;
const POLL_INTERVAL_MS = 20;
const SHOWN_LOG_LINES = 5;

/** Nothing waits for what an earlier start has left: it is ended sooner. */
const LEFT_OVER_STEPS: StopStep[] = [
  { signal: "SIGTERM", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
];

export interface OwnProcessOptions {
  readonly home: string;
  /** Folder of `server.js` and `worker.js`. */
  readonly dist: string;
  readonly env: Record<string, string>;
}

/** Log file of a part. */
export function logFile(home: string, part: string): string {
  return join(home, "logs", `${part}.log`);
}

/** In the command line of every process we start for a home, so that they are found again without any file. */
function homeMark(home: string): string {
  return `--ntro-home=${home}`;
}

/** Our server and worker processes of a home that are running, whoever started them. */
export function findOwn(home: string): { part: OwnPart; process: RunningProcess }[] {
  return findOwnProcesses(`${homeMark(home)} `).flatMap((process) => {
    const part = (["worker", "server"] as const).find((name) =>
      process.command.includes(`${name}.js ${homeMark(home)} `),
    );
    return part ? [{ part, process }] : [];
  });
}

/** Ends server and worker processes that a killed `ntro up` has left behind; tells which. */
export async function endLeftOvers(home: string, log: (line: string) => void): Promise<void> {
  const left = findOwn(home);
  for (const name of ["worker", "server"] as const)
    for (const { part, process } of left) {
      if (part !== name) continue;
      log(`The ${part} of an earlier start still runs (process ${process.pid}); it is ended`);
      await stopProcess(`The ${part}`, process, LEFT_OVER_STEPS);
    }
}

/** Starts the server and waits until it listens. The address given is the one it says it listens at. */
export async function startServer(options: OwnProcessOptions): Promise<RunningPart> {
  const child = await spawnOwn("server", options);
  const url = await listening(child, options.home);
  return running("server", child, url);
}

/** Starts the worker; whether it works the server's health says. */
export async function startWorker(options: OwnProcessOptions): Promise<RunningPart> {
  return running("worker", await spawnOwn("worker", options), null);
}

async function spawnOwn(part: OwnPart, { home, dist, env }: OwnProcessOptions): Promise<DetachedProcess> {
  const entry = join(dist, `${part}.js`);
  if (!existsSync(entry))
    throw new EmbeddedServiceError(
      "TOOL_MISSING",
      `${entry} is missing`,
      "Install ntro again, or in a clone: npm run build",
    );
  return startDetached({
    file: process.execPath,
    args: ["--enable-source-maps", entry, homeMark(home)],
    env: bareEnvironment(env),
    logFile: logFile(home, part),
  });
}

function running(part: OwnPart, child: DetachedProcess, address: string | null): RunningPart {
  const { pid, startMark, exited } = child;
  return {
    identity: { pid, startMark },
    address,
    exited,
    stop: () => stopProcess(`The ${part}`, { pid, startMark }, STOP_STEPS[part]),
  };
}

/** Waits for the server's line `{"listening": "http://…"}`. */
async function listening(child: DetachedProcess, home: string): Promise<string> {
  const deadline = Date.now() + LISTENING_DEADLINE_MS;
  while (Date.now() < deadline) {
    for (const line of child.lastLines(1000)) {
      const said = line.startsWith("{") ? parseJson(line) : undefined;
      if (typeof said === "object" && said !== null && "listening" in said && typeof said.listening === "string")
        return said.listening;
    }
    if (child.ended()) throw failedToStart(child, home);
    await delay(POLL_INTERVAL_MS);
  }
  await stopProcess("The server", child, STOP_STEPS.server);
  throw failedToStart(child, home);
}

function failedToStart(child: DetachedProcess, home: string): EmbeddedServiceError {
  const end = child.ended();
  const how = end ? `ended with ${end.signal ?? `exit code ${end.code}`}` : "does not listen";
  const said = child.lastLines(SHOWN_LOG_LINES).join("\n");
  return new EmbeddedServiceError(
    "START_FAILED",
    `The server ${how}${said ? `:\n${said}` : ""}`,
    `Its log is ${logFile(home, "server")}`,
  );
}
