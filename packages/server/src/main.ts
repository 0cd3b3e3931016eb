import { NtroError } from "@ntro/contract";
import { destination } from "pino";
import { duties } from "./duties";
import { connectEngine } from "./engine/connect";
import { handlers } from "./http/handlers";
import { makeLog } from "./log";
import { readSettings, SettingsError } from "./settings";
import { type RunningServer, startServer } from "./start";
import { SchemaError } from "./store/migrate";

declare const NTRO_VERSION: string | undefined;
/** Put in by the build. */
const VERSION = typeof NTRO_VERSION === "string" ? NTRO_VERSION : "0.0.0-source";
/** Could not start: the exit code the CLI uses for this too. */
const NOT_STARTED = 4;

const log = makeLog(process.env.NTRO_LOG_LEVEL ?? "info", destination({ fd: 2, sync: true }));

/** Starts the server from the environment and runs until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  let server: RunningServer | null = null;
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    // A second signal does not wait for order.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    await server?.close();
    process.exit(0);
  };
  process.on("SIGTERM", (signal) => void stop(signal));
  process.on("SIGINT", (signal) => void stop(signal));
  process.on("unhandledRejection", (error) =>
    log.error({ err: error }, "a promise was rejected that nobody waits for"),
  );

  const settings = readSettings(process.env);
  server = await startServer(settings, { handlers, duties, engine: connectEngine, version: VERSION, log });
  process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
}

main().catch((error: unknown) => {
  const isSaid = error instanceof SettingsError || error instanceof SchemaError || error instanceof NtroError;
  log.fatal(isSaid ? { err: error.cause } : { err: error }, isSaid ? error.message : "the server could not start");
  process.exit(NOT_STARTED);
});
