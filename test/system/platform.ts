import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { NtroClient, type StreamEvent } from "@ntro/contract";
import { parse as parseToml } from "smol-toml";
import * as z from "zod";

export const ROOT = join(import.meta.dirname, "../..");
export const PROGRAM = join(ROOT, "dist/ntro.js");

/** What a command of `ntro` left behind. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Victim = "server" | "worker" | "host" | "python-host" | "temporal" | "postgres" | "up";

const UpState = z.object({
  pid: z.number(),
  url: z.string(),
  parts: z.array(z.object({ name: z.string(), pid: z.number().nullable(), address: z.string().nullable() })),
});
const Config = z.object({ connections: z.object({ local: z.object({ host: z.string(), api_key: z.string() }) }) });

/** A whole platform in a data folder of its own, as `ntro up` starts it; used by typing commands. */
export class Platform {
  readonly home = mkdtempSync(join(tmpdir(), "ntro-system-"));
  /** What a user has set beside that, for the commands that are typed from then on. */
  readonly settings: NodeJS.ProcessEnv = {};

  /** The environment of a user on this machine, without any ntro settings of the caller. */
  get env(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(
      ([name]) => !/^(NTRO_|DATABASE_URL|TEMPORAL_|VITEST|NODE_OPTIONS)/.test(name),
    );
    return {
      ...Object.fromEntries(own),
      NTRO_HOME: this.home,
      NO_COLOR: "1",
      NTRO_TEMPORAL_BIN: process.env.NTRO_TEMPORAL_BIN,
      NTRO_PYTHON_HOME: process.env.NTRO_PYTHON_HOME,
      ...this.settings,
    };
  }

  /** Runs one command to its end. */
  ntro(...args: string[]): Promise<Ran> {
    return run(process.execPath, [PROGRAM, ...args], this.env);
  }

  /** Runs one command that must succeed and gives its JSON. */
  async json<T = unknown>(...args: string[]): Promise<T> {
    const ran = await this.ntro(...args, "-o", "json");
    if (ran.code !== 0) throw new Error(`ntro ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}\n${ran.stderr}`);
    return JSON.parse(ran.stdout) as T;
  }

  async up(): Promise<void> {
    const ran = await this.ntro("up", "--detach", "--port", "0");
    if (ran.code !== 0) throw new Error(`ntro up ended with ${ran.code}\n${ran.stdout}\n${ran.stderr}\n${this.logs()}`);
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.ntro("down");
    rmSync(this.home, { recursive: true, force: true });
  }

  /** A client with the key that the first start wrote. */
  client(): NtroClient {
    const { host, api_key } = Config.parse(parseToml(readFileSync(join(this.home, "config.toml"), "utf8"))).connections
      .local;
    return new NtroClient({ host, apiKey: api_key });
  }

  /** Where a part listens. */
  address(name: string): string {
    return this.#state().parts.find((part) => part.name === name)?.address ?? "";
  }

  #state(): z.infer<typeof UpState> {
    return UpState.parse(JSON.parse(readFileSync(join(this.home, "run/up.json"), "utf8")));
  }

  /** Types a command until the platform has taken it: while a part is away, it says so with exit code 4. */
  async typed(...args: string[]): Promise<string> {
    for (;;) {
      const ran = await this.ntro(...args);
      if (ran.code === 0 || ran.code === 3) return ran.stdout;
      if (ran.code !== 4)
        throw new Error(`ntro ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}\n${ran.stderr}\n${this.logs()}`);
    }
  }

  /** Process ids of the hosts that run now. */
  async hosts(): Promise<number[]> {
    return childrenOf(this.#state().parts.find(({ name }) => name === "worker")?.pid ?? undefined);
  }

  /** Ends a part of the platform with SIGKILL; gives the ids of the processes. */
  async kill(victim: Victim): Promise<number[]> {
    const state = this.#state();
    const part = (name: string) => state.parts.find((one) => one.name === name)?.pid ?? undefined;
    const pids: Record<Victim, () => (number | undefined)[] | Promise<number[]>> = {
      server: () => [part("server")],
      worker: () => [part("worker")],
      host: () => childrenOf(part("worker")),
      "python-host": () => childrenOf(part("worker"), "ntro_host"),
      temporal: () => [part("temporal")],
      postgres: () => [part("postgres")],
      up: () => [state.pid],
    };
    const found = (await pids[victim]()).flatMap((pid) => pid ?? []);
    found.forEach(killed);
    return found;
  }

  /** Events of a task from its beginning, until `until` says enough. Goes on after a break of the connection. */
  async waitForEvent(taskId: string, until: (event: StreamEvent) => boolean, limitMs = 60_000): Promise<StreamEvent> {
    const limit = AbortSignal.timeout(limitMs);
    let after = "0";
    while (!limit.aborted) {
      try {
        for await (const event of this.client().events({ task: taskId, after }, { signal: limit })) {
          after = event.id;
          if (until(event)) return event;
        }
      } catch (error) {
        if (limit.aborted)
          throw new Error(`The event did not come within ${limitMs} ms.\n${this.logs()}`, { cause: error });
      }
    }
    throw new Error(`The event did not come within ${limitMs} ms.\n${this.logs()}`);
  }

  /** The ends of the logs, for the message of a test that failed. */
  logs(): string {
    return ["server", "worker"]
      .map((name) => join(this.home, "logs", `${name}.log`))
      .filter((path) => existsSync(path))
      .map((path) => `== ${path}\n${readFileSync(path, "utf8").split("\n").slice(-25).join("\n")}`)
      .join("\n");
  }
}

/** Ends a process; one that has just ended by itself is as good. */
function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The processes that `parent` has started, of those whose command line holds `word`. */
async function childrenOf(parent: number | undefined, word = ""): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  const processes = stdout.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm);
  return [...processes].flatMap(([, pid, ppid, args = ""]) =>
    parent === Number(ppid) && args.includes(word) ? [Number(pid)] : [],
  );
}

/** Runs a program to its end, whatever that is. */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd = ROOT): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    // Its output may arrive after its end, but what `up --detach` starts keeps the pipes.
    const ended = args.includes("--detach") ? "exit" : "close";
    child.on(ended, (code, signal) => resolve({ code: code ?? (signal === "SIGINT" ? 130 : -1), stdout, stderr }));
  });
}

export const TENANT = ["--tenant", "acme-fund"] as const;
export const PLACE = [...TENANT, "--entity", "acme-spv1"] as const;
/** The main job in TypeScript alone, for tests that are about something else than its children. */
export const NAV = "./test/fixtures/system/month-end/";
/** The main job of the examples, and the Python runbook it starts for each document. */
export const NAV_MONTHLY = "./examples/runbooks/nav-monthly/";
export const DOCUMENT_INGEST = "./examples/runbooks/document-ingest/";
export const TRIAL_BALANCE = "trial-balance=./examples/data/trial-balance-2026-03.xlsx";
export const RENT_ROLL = "rent-roll=./examples/data/rent-roll-2026-03.pdf";

/** Makes the example's tenant and entity. */
export async function createAcme(platform: Platform): Promise<void> {
  await platform.json(
    "tenant",
    "create",
    "--name",
    "Acme Fund",
    "--slug",
    "acme-fund",
    "--data-platform",
    "managed-postgres",
  );
  await platform.json(
    "entity",
    "create",
    ...TENANT,
    "--name",
    "Acme SPV 1",
    "--slug",
    "acme-spv1",
    "--type",
    "real-estate-spv",
    "--jurisdiction",
    "Jersey",
    "--currency",
    "GBP",
  );
}
