import { pino } from "pino";
import { duties } from "./duties";
import { connectEngine } from "./engine/temporal";
import { handlers } from "./http/handlers";
import { readSettings, SettingsError } from "./settings";
import { type RunningServer, startServer } from "./start";
import { SchemaError } from "./store/migrate";

/** Set when the product is built. */
const VERSION = process.env.NTRO_VERSION ?? "0.0.0-dev";
/** Could not start: the exit code the CLI uses for this too. */
const NOT_STARTED = 4;

const log = pino(
  { name: "server", level: process.env.NTRO_LOG_LEVEL ?? "info" },
  pino.destination({ fd: 2, sync: true }),
);

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
  const isSaid = error instanceof SettingsError || error instanceof SchemaError;
  log.fatal(isSaid ? { err: error.cause } : { err: error }, isSaid ? error.message : "the server could not start");
  process.exit(NOT_STARTED);
});
