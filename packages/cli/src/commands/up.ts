import { defineCommand } from "../command";
import { UsageError } from "../usage-error";

const DEFAULT_PORT = 3000;

export const up = defineCommand({
  name: "up",
  summary: "Start the platform here: Postgres, Temporal, server and worker",
  examples: ["ntro up", "ntro up --detach", "ntro up --port 3100"],
  notes: `It runs until Ctrl-C, on the data in $NTRO_HOME (default ~/.ntro); the next start finds everything, tasks in flight too.
DATABASE_URL and TEMPORAL_ADDRESS name servers to use instead of the embedded ones.`,
  interrupt: "own",
  options: {
    port: { value: "port", help: `Port of the API on 127.0.0.1 (default ${DEFAULT_PORT}; 0 takes a free one)` },
    detach: { short: "-d", help: "Start it in the background and come back when it is ready" },
  },
  async run(context, { options }) {
    const port = options.port === undefined ? DEFAULT_PORT : Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new UsageError(`--port ${options.port} is not a port.`, "Type a number from 1 to 65535, or 0.");
    if (options.detach) {
      const { runDetached } = await import("../up/detach");
      const { interruptible } = await import("../interruptible");
      return interruptible(context, () => runDetached(context, options.port));
    }
    const { runUp } = await import("../up/run-up");
    return runUp(context, port);
  },
});
