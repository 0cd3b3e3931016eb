import {
  AUTHOR_VARIABLES,
  NETWORK_VARIABLES,
  NPM_VARIABLES,
  PYTHON_CHOICES,
  PYTHON_PACKAGE_VARIABLES,
  pickVariables,
} from "@ntro/contract";
import { formatDuration } from "../duration";
import type { EmbeddedService } from "../embedded/embedded-service";
import type { EmbeddedPostgres } from "../embedded/postgres";
import { describeProcess } from "../embedded/running-process";
import type { Keys } from "./keys";
import { startServer, startWorker } from "./own-process";
import { type RunningPart, Supervised } from "./supervised";
import type { PartName, PartState } from "./up-state";

export interface PlatformOptions {
  readonly home: string;
  readonly dist: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly keys: Keys;
  readonly env: Readonly<Record<string, string | undefined>>;
  log(line: string): void;
  /** A part was started, died or stopped. */
  changed(): void;
}

/** What the server is told besides what we decide. */
const SERVER_PASSED = [
  "TEMPORAL_NAMESPACE",
  "NTRO_TENANT_UI_URL",
  "NTRO_MAX_FILE_MB",
  "NTRO_IDLE_MINUTES",
  "NTRO_LOG_LEVEL",
];
/** The worker also installs packages and runs author code. */
const WORKER_PASSED = [
  ...NETWORK_VARIABLES,
  ...NPM_VARIABLES,
  ...PYTHON_PACKAGE_VARIABLES,
  ...PYTHON_CHOICES,
  ...AUTHOR_VARIABLES,
];

/** The parts of the platform of one home: started in order, kept running, stopped in the opposite order. */
export class Platform {
  readonly #parts = new Map<PartName, Supervised>();
  #databaseUrl: string | undefined;
  #temporalAddress: string | undefined;
  #port: number;
  #stopping = false;

  constructor(private readonly options: PlatformOptions) {
    this.#port = options.port;
    this.#databaseUrl = options.env.DATABASE_URL || undefined;
    this.#temporalAddress = options.env.TEMPORAL_ADDRESS || undefined;
  }

  /** Starts everything but the worker; gives the server's address, such as `http://127.0.0.1:3000`. Throws what keeps a part from starting. */
  async startServices(): Promise<string> {
    const { home, log } = this.options;
    // Neither needs the other, and each takes about a second.
    const [postgres, temporal] = await Promise.allSettled([
      this.#databaseUrl === undefined ? this.#start("postgres", () => this.#launchPostgres()) : undefined,
      this.#temporalAddress === undefined ? this.#start("temporal", () => this.#launchTemporal()) : undefined,
    ]);
    for (const started of [postgres, temporal]) if (started.status === "rejected") throw started.reason;
    const server = await this.#start("server", () => this.#launchServer());
    if (server.address === null) throw new Error(`the server of ${home} says no address`);
    log(`Logs are in ${home}/logs`);
    return server.address;
  }

  async startWorker(): Promise<void> {
    await this.#start("worker", () => this.#launchWorker());
  }

  /** Stops worker, server, Temporal, Postgres, in this order; what does not stop is told, and the rest stopped all the same. What is just being started is waited for. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const name of ["worker", "server", "temporal", "postgres"] as const) {
      const part = this.#parts.get(name);
      if (!part) continue;
      try {
        await part.stop();
      } catch (error) {
        this.options.log(error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Each part as `ntro status` shows it. */
  states(): PartState[] {
    const external = [
      { name: "postgres" as const, address: addressOf(this.options.env.DATABASE_URL) },
      { name: "temporal" as const, address: this.options.env.TEMPORAL_ADDRESS || undefined },
    ].flatMap(({ name, address }) =>
      address === undefined
        ? []
        : [{ name, pid: null, startMark: null, address, since: new Date().toISOString(), external: true, restarts: 0 }],
    );
    const own = [...this.#parts].map(([name, part]) => ({
      name,
      pid: part.running?.identity.pid ?? null,
      startMark: part.running?.identity.startMark ?? null,
      address: part.running?.address ?? null,
      since: part.since.toISOString(),
      external: false,
      restarts: part.restarts,
    }));
    return [...external, ...own];
  }

  async #start(name: PartName, launch: () => Promise<RunningPart>): Promise<RunningPart> {
    const { log, changed } = this.options;
    if (this.#stopping) throw new Error(`${name} is not started: the platform is being stopped`);
    const part = new Supervised(name, launch, { log, changed });
    this.#parts.set(name, part);
    const begun = Date.now();
    const started = await part.start();
    log(
      `${name.padEnd(8)} ${started.address ?? `process ${started.identity.pid}`}  ${formatDuration(Date.now() - begun)}`,
    );
    return started;
  }

  async #launchPostgres(): Promise<RunningPart> {
    const { startPostgres } = await import("../embedded/postgres");
    const service: EmbeddedPostgres = await startPostgres(this.options);
    this.#gave("databaseUrl", service.url);
    return asPart(service);
  }

  async #launchTemporal(): Promise<RunningPart> {
    const { startTemporal } = await import("../embedded/temporal");
    const service = await startTemporal(this.options);
    this.#gave("temporalAddress", service.address);
    return asPart(service);
  }

  /** A service came back at another address: those who were told the old one have to be told again. */
  #gave(what: "databaseUrl" | "temporalAddress", value: string): void {
    const before = what === "databaseUrl" ? this.#databaseUrl : this.#temporalAddress;
    if (what === "databaseUrl") this.#databaseUrl = value;
    else this.#temporalAddress = value;
    if (before === undefined || before === value) return;
    for (const name of ["worker", "server"] as const)
      void this.#parts
        .get(name)
        ?.restart()
        .catch(() => {});
  }

  async #launchServer(): Promise<RunningPart> {
    const { home, dist, keys } = this.options;
    const part = await startServer({
      home,
      dist,
      env: {
        ...pickVariables(this.options.env, SERVER_PASSED),
        NODE_ENV: "production",
        DATABASE_URL: this.#databaseUrl ?? "",
        TEMPORAL_ADDRESS: this.#temporalAddress ?? "",
        NTRO_SECRET_FILE: keys.secretFile,
        NTRO_LISTEN: `127.0.0.1:${this.#port}`,
        NTRO_ADMIN_KEY_SHA256: keys.adminHash,
        NTRO_WORKER_KEY_SHA256: keys.workerHash,
      },
    });
    // Started again, it must come back where clients and the worker know it.
    if (part.address !== null) this.#port = Number(new URL(part.address).port || "80");
    return part;
  }

  #launchWorker(): Promise<RunningPart> {
    const { home, dist, keys } = this.options;
    return startWorker({
      home,
      dist,
      env: {
        ...pickVariables(this.options.env, WORKER_PASSED),
        NODE_ENV: "production",
        NTRO_HOST: `http://127.0.0.1:${this.#port}/v1`,
        NTRO_API_KEY_FILE: keys.workerKeyFile,
        TEMPORAL_ADDRESS: this.#temporalAddress ?? "",
        NTRO_HOME: home,
      },
    });
  }
}

function asPart(service: EmbeddedService): RunningPart {
  return {
    identity: { pid: service.pid, startMark: describeProcess(service.pid)?.startMark ?? "gone" },
    address: service.address,
    exited: service.exited,
    stop: () => service.stop(),
  };
}

/** Host and port of a database URL, without its user and password. */
function addressOf(databaseUrl: string | undefined): string | undefined {
  if (!databaseUrl) return undefined;
  try {
    return new URL(databaseUrl).host;
  } catch {
    return "DATABASE_URL";
  }
}
