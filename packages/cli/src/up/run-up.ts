import { mkdirSync, realpathSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { NtroClient } from "@ntro/contract";
import type { ExitCode } from "../command";
import type { Context } from "../context";
import { formatDuration } from "../duration";
import { EmbeddedServiceError } from "../embedded/embedded-service-error";
import { freePort } from "../embedded/free-port";
import { lockHome } from "../embedded/home-lock";
import { describeProcess } from "../embedded/running-process";
import { productVersion } from "../version";
import { claimDataFormat } from "./data-format";
import { ensureKeys, saveLocalConnection } from "./keys";
import { endLeftOvers, logFile } from "./own-process";
import { Platform } from "./platform";
import { type UpState, writeUpState } from "./up-state";

/** How long the worker may take from its start until the server sees it, in milliseconds. */
const WORKER_DEADLINE_MS = 90_000;
const HEALTH_INTERVAL_MS = 50;

/** Runs the platform of a home until Ctrl-C or SIGTERM; then stops all of it in order. */
export async function runUp(context: Context, port: number): Promise<ExitCode> {
  const { out, terminal } = context;
  mkdirSync(context.home, { recursive: true, mode: 0o700 });
  const home = realpathSync(context.home);
  const unlock = lockHome(home);
  // Children and the watch over them do not keep Node running; until we are asked to stop, this does.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  let asked = 0;
  let ask = () => {};
  const stopAsked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const stopListening = terminal.onInterrupt(() => {
    asked += 1;
    if (asked === 1) out.say("Stopping…");
    // Asked twice: what is still running is found and taken over, or ended, at the next start.
    if (asked > 1) process.exit(130);
    ask();
  });
  try {
    claimDataFormat(home, productVersion());
    await endLeftOvers(home, (line) => out.say(line));
    await assertPortFree(port);
    return await serve(context, home, port, stopAsked);
  } finally {
    clearInterval(keepAlive);
    stopListening();
    unlock();
  }
}

async function serve(context: Context, home: string, port: number, stopAsked: Promise<void>): Promise<ExitCode> {
  const { out, terminal } = context;
  const state = recorder(home, () => platform.states());
  const platform: Platform = new Platform({
    home,
    dist: terminal.dist,
    port,
    keys: ensureKeys(home),
    env: terminal.env,
    log: (line) => out.say(line),
    changed: () => state.write(),
  });
  state.write();
  const starting = start(context, home, platform, state);
  try {
    await Promise.race([starting, stopAsked]);
    await stopAsked;
    return 0;
  } finally {
    // What a stop that comes early keeps from starting is no error.
    starting.catch(() => {});
    state.write({ phase: "stopping" });
    const begun = Date.now();
    await platform.stop();
    state.write({ phase: "stopped" });
    out.say(`Stopped, ${formatDuration(Date.now() - begun)}. Tasks in flight go on at the next start: ntro up`);
  }
}

async function start(
  { out }: Context,
  home: string,
  platform: Platform,
  state: ReturnType<typeof recorder>,
): Promise<void> {
  const begun = Date.now();
  out.say(`Starting ntro ${productVersion()} on ${home}`);
  const url = await platform.startServices();
  saveLocalConnection(home, `${url}/v1`, ensureKeys(home).adminKey);
  state.write({ url });
  await platform.startWorker();
  await workerSeen(url, home);
  state.write({ phase: "ready" });
  out.success(`Ready after ${formatDuration(Date.now() - begun)}: ${url}  (Ctrl-C stops it)`);
  out.data({ url, host: `${url}/v1`, home, connection: "local" }, () => url);
}

/** Keeps `run/up.json` as things are. */
function recorder(home: string, parts: () => UpState["parts"]) {
  const self = describeProcess(process.pid);
  let known: Omit<UpState, "format" | "parts"> = {
    pid: process.pid,
    startMark: self?.startMark ?? "",
    phase: "starting",
    version: productVersion(),
    url: null,
    startedAt: new Date().toISOString(),
  };
  return {
    write(change: Partial<Pick<UpState, "phase" | "url">> = {}) {
      known = { ...known, ...change };
      writeUpState(home, { ...known, parts: parts() });
    },
  };
}

async function workerSeen(url: string, home: string): Promise<void> {
  const api = new NtroClient({ host: `${url}/v1`, apiKey: "" });
  const deadline = Date.now() + WORKER_DEADLINE_MS;
  while (Date.now() < deadline) {
    const health = await api.call("health", {}).catch(() => undefined);
    if (health?.worker) return;
    await delay(HEALTH_INTERVAL_MS);
  }
  throw new EmbeddedServiceError(
    "START_FAILED",
    "The worker does not report to the server",
    `Its log is ${logFile(home, "worker")}`,
  );
}

async function assertPortFree(port: number): Promise<void> {
  if (port === 0 || (await freePort(port)) === port) return;
  throw new EmbeddedServiceError(
    "PORT_TAKEN",
    `Port ${port} on 127.0.0.1 is in use by another program`,
    `Take another one: ntro up --port ${port + 1} (0 takes any that is free)`,
  );
}
