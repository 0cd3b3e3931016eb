import { mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { bareEnvironment, type DetachedProcess, startDetached } from "./detached-process";
import type { EmbeddedService, EmbeddedServiceOptions } from "./embedded-service";
import { EmbeddedServiceError, explainSystemErrors } from "./embedded-service-error";
import { freePort } from "./free-port";
import { lastWords, runCommand } from "./run-command";
import {
  describeProcess,
  type ExitStatus,
  findOwnProcesses,
  isRunning,
  type ProcessIdentity,
  type RunningProcess,
  type StopStep,
  stopProcess,
  watchProcess,
} from "./running-process";
import { readServiceState, writeServiceState } from "./service-state";
import { findTemporalBinary } from "./temporal-binary";
import { isTemporalServing } from "./temporal-health";

const SERVICE = "temporal";

/** Temporal's own limit for retention is far above; what is finished is kept by our rows in any case. */
export const RETENTION_DAYS = 3650;

const READY_DEADLINE_MS = 90_000;
/** How long a server found running may take until it answers, in milliseconds; after that it is replaced. */
const ADOPT_DEADLINE_MS = 15_000;
const POLL_INTERVAL_MS = 25;
const PORT_ATTEMPTS = 5;
/** It opens several ports of its own choice as well, so any of them may be taken by another server that starts at the same moment. */
const PORT_LOST =
  /address already in use|can't set frontend (HTTP )?port|failed (to assign a free|assigning ephemeral) port/i;
/** A panic's stack, with what it is about above it, in the server's last words. */
const PANIC_LINES = 400;
const SHOWN_LINES = 15;

/** Its store is a SQLite file with a write-ahead log: even SIGKILL loses nothing. */
const STOP_STEPS: StopStep[] = [
  { signal: "SIGTERM", waitMs: 20_000 },
  { signal: "SIGKILL", waitMs: 10_000 },
];

/** Server settings that are not the defaults, each with its reason. */
const DYNAMIC_CONFIG = [
  "history.transferProcessorMaxPollRPS=1000", // the default of 20 adds about 200 ms to a task of three activities
  "history.timerProcessorMaxPollRPS=1000",
  'history.timerProcessorMaxTimeShift="20ms"', // the default rounds every timer up to a second
  "matching.numTaskqueueReadPartitions=1", // a third of the memory per task queue
  "matching.numTaskqueueWritePartitions=1",
  'history.workflowTaskRetryMaxInterval="5s"', // code that fails is tried again ever later, up to 10 minutes; corrected code has to wait for that
  "frontend.namespaceCount=20000", // long polls per namespace: two or more per task queue being served
];

/** A third faster to ten times faster than the default journal, and as safe when the process is killed. */
const SQLITE_PRAGMAS = ["journal_mode=WAL", "synchronous=1"];

/**
 * Starts the Temporal server of a home, or adopts the one that an earlier parent left running. The namespace `default`
 * is there and keeps finished executions for RETENTION_DAYS. The caller holds the home's lock. Throws
 * EmbeddedServiceError.
 */
export function startTemporal(options: EmbeddedServiceOptions): Promise<EmbeddedService> {
  return explainSystemErrors("Temporal", async () => {
    mkdirSync(join(options.home, "temporal"), { recursive: true, mode: 0o700 });
    const home = realpathSync(resolve(options.home));
    assertPlainPath(home);
    const running = await findRunningTemporal(home, options.log);
    const binary = await findTemporalBinary(home, options.log);
    if (running) {
      options.log(`Temporal is still running from before (process ${running.pid})`);
      await keepFinishedExecutions(binary, running, running.port); // its parent may have been killed before it did
      return service(home, running, running.port, { adopted: true, exited: watchProcess(running) });
    }
    const { child, port } = await launch(home, binary);
    await keepFinishedExecutions(binary, child, port);
    return service(home, child, port, { adopted: false, exited: child.exited });
  });
}

function service(
  home: string,
  identity: ProcessIdentity,
  port: number,
  origin: { adopted: boolean; exited: Promise<ExitStatus> },
): EmbeddedService {
  const { pid, startMark } = identity;
  writeServiceState(home, { service: SERVICE, process: { pid, startMark }, port });
  return {
    name: SERVICE,
    pid,
    address: `127.0.0.1:${port}`,
    ...origin,
    async stop() {
      await stopProcess("Temporal", { pid, startMark }, STOP_STEPS);
      writeServiceState(home, { service: SERVICE, process: null, port });
    },
  };
}

/** Temporal hands the file's name to SQLite as a URI, where these characters would put the database somewhere else. */
function assertPlainPath(home: string): void {
  if (!/[?#%]/.test(home)) return;
  throw new EmbeddedServiceError(
    "START_FAILED",
    `Temporal cannot keep its database in ${home}: the path contains one of ? # %`,
    "Use a folder without these characters: NTRO_HOME=<folder> ntro up",
  );
}

function databaseFile(home: string): string {
  return join(home, "temporal", "temporal.db");
}

/** The part of the command line that no other server has. */
function mark(home: string): string {
  return ` --db-filename ${databaseFile(home)} `;
}

/**
 * Looks for a server on this home's database: by the state file, and, as a parent can be killed before it has written
 * that, among all our processes. Two servers on one SQLite file would damage it, so one that does not answer is ended.
 */
async function findRunningTemporal(
  home: string,
  log: (line: string) => void,
): Promise<(RunningProcess & { port: number }) | undefined> {
  const remembered = readServiceState(home, SERVICE)?.process;
  const described = remembered ? describeProcess(remembered.pid) : undefined;
  const isOurs = described?.startMark === remembered?.startMark && described?.command.includes(mark(home));
  const running = isOurs ? described : findOwnProcesses(mark(home))[0];
  if (!running) return undefined;
  const port = Number(/ --port (\d+) /.exec(running.command)?.[1]);
  const deadline = Date.now() + ADOPT_DEADLINE_MS;
  while (isRunning(running)) {
    if (await isTemporalServing(port)) return { ...running, port };
    if (Date.now() >= deadline) {
      log(`Temporal is running from before (process ${running.pid}) but does not answer: it is started anew`);
      await stopProcess("Temporal", running, STOP_STEPS);
      return undefined;
    }
    await delay(POLL_INTERVAL_MS);
  }
  return undefined;
}

/** Starts the server on the port of last time, if that is free, and waits until it serves. */
async function launch(home: string, binary: string): Promise<{ child: DetachedProcess; port: number }> {
  let preferred = readServiceState(home, SERVICE)?.port;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = await freePort(preferred);
    const child = await startServer(home, binary, port);
    if (await becomesReady(home, child, port)) return { child, port };
    const lines = child.lastLines(PANIC_LINES);
    if (!lines.some((line) => PORT_LOST.test(line))) throw startFailure(home, binary, told(lines));
    preferred = undefined;
  }
  throw new EmbeddedServiceError(
    "PORT_TAKEN",
    `Temporal lost the race for a free port on 127.0.0.1 ${PORT_ATTEMPTS} times`,
    "Start again; if it goes on, something on this machine takes every port as soon as it is free.",
  );
}

async function startServer(home: string, binary: string, port: number): Promise<DetachedProcess> {
  const repeated = (flag: string, values: string[]) => values.flatMap((value) => [flag, value]);
  const child = await startDetached({
    file: binary,
    args: [
      ...["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", String(port)],
      ...["--db-filename", databaseFile(home)],
      ...repeated("--sqlite-pragma", SQLITE_PRAGMAS),
      ...repeated("--dynamic-config-value", DYNAMIC_CONFIG),
    ],
    env: bareEnvironment(),
    logFile: join(home, "logs", "temporal.log"),
  });
  const { pid, startMark } = child;
  writeServiceState(home, { service: SERVICE, process: { pid, startMark }, port });
  return child;
}

/** What of a server's last words says why it ended: those of a panic stand above its stack. */
function told(lines: string[]): string[] {
  const panic = lines.findIndex((line) => line.startsWith("panic:"));
  return panic === -1 ? lines.slice(-SHOWN_LINES) : lines.slice(panic, panic + SHOWN_LINES);
}

/** True when the server serves, false when it ended before that. */
async function becomesReady(home: string, child: DetachedProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (!child.ended()) {
    if (await isTemporalServing(port)) return !child.ended();
    if (Date.now() >= deadline) {
      await stopProcess("Temporal", child, STOP_STEPS);
      throw startFailure(home, "temporal", [
        ...child.lastLines(SHOWN_LINES),
        `not ready after ${READY_DEADLINE_MS / 1000} s`,
      ]);
    }
    await Promise.race([delay(POLL_INTERVAL_MS), child.exited]);
  }
  return false;
}

/** Raises the retention from the one day that the server gives a new namespace; it is kept in the database. */
async function keepFinishedExecutions(binary: string, server: ProcessIdentity, port: number): Promise<void> {
  const flags = ["--namespace", "default", "--retention", `${RETENTION_DAYS}d`, "--address", `127.0.0.1:${port}`];
  const result = await runCommand(binary, ["operator", "namespace", "update", ...flags], {
    // A profile of the user's may hold the address and keys of another cluster.
    env: bareEnvironment({ TEMPORAL_CONFIG_FILE: "/dev/null" }),
  });
  if (result.code === 0) return;
  await stopProcess("Temporal", server, STOP_STEPS);
  throw new EmbeddedServiceError(
    "START_FAILED",
    `Temporal started, but its namespace could not be set up: ${lastWords(result)}`,
    `Start again. If it goes on, try another Temporal CLI than ${binary} with NTRO_TEMPORAL_BIN.`,
  );
}

function startFailure(home: string, binary: string, lines: string[]): EmbeddedServiceError {
  const said = lines.length > 0 ? `\n${lines.join("\n")}` : " and said nothing";
  if (/file is not a database|database disk image is malformed/.test(said)) {
    return new EmbeddedServiceError(
      "DATA_FOLDER_CORRUPT",
      `Temporal cannot open ${databaseFile(home)}:${said}`,
      `Restore the folder ${join(home, "temporal")} from a backup. To put it aside and start empty: ` +
        `mv ${join(home, "temporal")} ${join(home, "temporal.aside")}`,
    );
  }
  return new EmbeddedServiceError(
    "START_FAILED",
    `Temporal (${binary}) ended while it started:${said}`,
    "Correct what it names and start again. If the program is too old, set NTRO_TEMPORAL_BIN to another.",
  );
}
