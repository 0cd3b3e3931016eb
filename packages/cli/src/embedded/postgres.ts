import { mkdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type DetachedProcess, startDetached } from "./detached-process";
import type { EmbeddedService, EmbeddedServiceOptions } from "./embedded-service";
import { EmbeddedServiceError, explainSystemErrors } from "./embedded-service-error";
import { freePort } from "./free-port";
import { findPostgresBinaries, type PostgresBinaries } from "./postgres-binaries";
import { prepareData, startEmpty } from "./postgres-data";
import { locatePostgres, type PostgresFolder } from "./postgres-folder";
import { askPostgres, findRunningPostgres, readPostmasterFile, superuserUrl } from "./postgres-running";
import { type ExitStatus, type ProcessIdentity, type StopStep, stopProcess, watchProcess } from "./running-process";
import { readServiceState, writeServiceState } from "./service-state";

const SERVICE = "postgres";

/** Recovery after a crash replays up to a checkpoint's worth of log, on a slow disk in minutes. */
const READY_DEADLINE_MS = 300_000;
/** When starting takes longer than this, in milliseconds, the user is told that it is still at work. */
const PATIENCE_MS = 5_000;
const POLL_INTERVAL_MS = 10;
/** How long children of a killed server may hold on to its memory before we give up, in milliseconds. */
const ORPHANS_DEADLINE_MS = 30_000;
const PORT_ATTEMPTS = 5;

/** SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one, which the next start recovers from. */
const STOP_STEPS: StopStep[] = [
  { signal: "SIGINT", waitMs: 60_000 },
  { signal: "SIGQUIT", waitMs: 15_000 },
];

/** An embedded PostgreSQL. `url` is the superuser's and holds its password: never log it. */
export interface EmbeddedPostgres extends EmbeddedService {
  readonly url: string;
}

/**
 * Starts the PostgreSQL of a home, or adopts the one that an earlier parent left running. The caller holds the home's
 * lock. Throws EmbeddedServiceError.
 */
export function startPostgres(options: EmbeddedServiceOptions): Promise<EmbeddedPostgres> {
  return explainSystemErrors("PostgreSQL", async () => {
    mkdirSync(options.home, { recursive: true, mode: 0o700 });
    const home = realpathSync(resolve(options.home));
    const place = await locatePostgres(home, options.log);
    const binaries = await findPostgresBinaries(place, options.log);
    const password = await prepareData(place, binaries);
    const running = await findRunningPostgres(place.data, password);
    if (running) {
      options.log(`PostgreSQL is still running from before (process ${running.pid})`);
      return service(home, running, running.port, password, { adopted: true, exited: watchProcess(running) });
    }
    const { child, port } = await launch({ home, place, binaries, password, log: options.log });
    return service(home, child, port, password, { adopted: false, exited: child.exited });
  });
}

function service(
  home: string,
  identity: ProcessIdentity,
  port: number,
  password: string,
  origin: { adopted: boolean; exited: Promise<ExitStatus> },
): EmbeddedPostgres {
  const { pid, startMark } = identity;
  writeServiceState(home, { service: SERVICE, process: { pid, startMark }, port });
  return {
    name: SERVICE,
    pid,
    address: `127.0.0.1:${port}`,
    url: superuserUrl(port, password),
    ...origin,
    async stop() {
      await stopProcess("PostgreSQL", { pid, startMark }, STOP_STEPS);
      writeServiceState(home, { service: SERVICE, process: null, port });
    },
  };
}

interface Launch {
  home: string;
  place: PostgresFolder;
  binaries: PostgresBinaries;
  password: string;
  log(line: string): void;
}

/** Starts the server on the port of last time, if that is free, and waits until it answers. */
async function launch(launch: Launch): Promise<{ child: DetachedProcess; port: number }> {
  let preferred = readServiceState(launch.home, SERVICE)?.port;
  const orphansDeadline = Date.now() + ORPHANS_DEADLINE_MS;
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; ) {
    const port = await freePort(preferred);
    const child = await startServer(launch, port);
    if (await becomesReady(launch, child, port)) return { child, port };
    const lines = child.lastLines(15);
    const reason = whyItEnded(lines);
    if (reason === "port-taken") {
      // Somebody was faster between our look and the server's.
      preferred = undefined;
      attempt += 1;
    } else if (reason === "orphans" && Date.now() < orphansDeadline) await delay(100);
    else throw startFailure(launch.place, reason, lines);
  }
  throw new EmbeddedServiceError(
    "PORT_TAKEN",
    `PostgreSQL lost the race for a free port on 127.0.0.1 ${PORT_ATTEMPTS} times`,
    "Start again; if it goes on, something on this machine takes every port as soon as it is free.",
  );
}

function startServer({ home, place, binaries }: Launch, port: number): Promise<DetachedProcess> {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // No socket: one way in, with a password, and no limit on the length of the home's path.
    unix_socket_directories: "",
    ssl: "off",
    max_connections: "200",
    logging_collector: "off",
    log_checkpoints: "off",
  };
  return startDetached({
    file: join(binaries.folder, "postgres"),
    args: ["-D", place.data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    env: binaries.env,
    logFile: join(home, "logs", "postgres.log"),
    user: place.user,
  });
}

/** True when the server answers, false when it ended before that. */
async function becomesReady({ place, password, log }: Launch, child: DetachedProcess, port: number): Promise<boolean> {
  const started = Date.now();
  let told = false;
  while (!child.ended()) {
    const file = readPostmasterFile(place.data);
    const ready = file?.pid === child.pid && file.status === "ready";
    if (ready && (await askPostgres(port, password, place.data)) === "ours") return true;
    if (!told && Date.now() - started > PATIENCE_MS) {
      told = true;
      log("PostgreSQL is still starting: it repeats what a crash left unfinished");
    }
    if (Date.now() - started > READY_DEADLINE_MS) {
      await stopProcess("PostgreSQL", child, STOP_STEPS);
      throw startFailure(place, "unknown", [...child.lastLines(15), `not ready after ${READY_DEADLINE_MS / 1000} s`]);
    }
    await Promise.race([delay(POLL_INTERVAL_MS), child.exited]);
  }
  return false;
}

const REASONS = {
  "port-taken": /could not bind|could not create any TCP\/IP sockets/,
  orphans: /pre-existing shared memory block/,
  corrupt:
    /could not locate (a valid|required) checkpoint record|invalid checkpoint record|incorrect checksum in control file|database files are incompatible|could not (open|read) (file|directory) "?(global|pg_wal|pg_xact|base)/,
} as const;

type EndReason = keyof typeof REASONS | "unknown";

function whyItEnded(lines: string[]): EndReason {
  const text = lines.join("\n");
  const reasons: (keyof typeof REASONS)[] = ["port-taken", "orphans", "corrupt"];
  return reasons.find((reason) => REASONS[reason].test(text)) ?? "unknown";
}

function startFailure(place: PostgresFolder, reason: EndReason, lines: string[]): EmbeddedServiceError {
  const said = lines.length > 0 ? `\n${lines.join("\n")}` : " and said nothing";
  if (reason === "corrupt") {
    return new EmbeddedServiceError(
      "DATA_FOLDER_CORRUPT",
      `PostgreSQL cannot open ${place.data}:${said}`,
      `Restore the folder from a backup. ${startEmpty(place.data)}`,
    );
  }
  return new EmbeddedServiceError(
    "START_FAILED",
    `PostgreSQL ended while it started on ${place.data}:${said}`,
    "Correct what it names and start again, or set DATABASE_URL to use a server of your own.",
  );
}
