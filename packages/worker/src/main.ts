import { chmodSync, mkdirSync } from "node:fs";
import pino from "pino";
import { controlWorker } from "./control";
import type { MuxWorker } from "./host/mux";
import { type WorkerSettings, workerSettings } from "./settings";
import { Supervisor } from "./supervisor";

/** While Temporal or the server are away. */
const AGAIN_MS = 1_000;

const log = pino({ base: undefined }, pino.destination({ dest: 2, sync: false }));
const stop = new AbortController();

async function main(): Promise<void> {
  const settings = workerSettings(process.env);
  // Tenants' code and files: for this user's eyes only, whatever the folder above allows.
  for (const folder of [settings.workflows, settings.storage]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
  }
  const supervisor = new Supervisor(settings, log);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());
  await Promise.all([supervisor.run(stop.signal), serveControl(settings)]);
  await supervisor.stop();
  process.exit(0);
}

/** Keeps the control worker running; it is made anew when Temporal was away at the start. */
async function serveControl(settings: WorkerSettings): Promise<void> {
  while (!stop.signal.aborted) {
    try {
      await runUntilStopped(await controlWorker(settings));
    } catch (error) {
      log.info({ error: String(error) }, "the control worker cannot run yet; trying again");
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function runUntilStopped(worker: MuxWorker): Promise<void> {
  stop.signal.addEventListener("abort", () => worker.shutdown(), { once: true });
  if (stop.signal.aborted) return Promise.resolve();
  return worker.run();
}

main().catch((error: unknown) => {
  log.fatal({ error: error instanceof Error ? error.message : String(error) }, "the worker cannot start");
  process.exit(4);
});
