import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../packages/cli/src/config";
import { isRunning } from "../../packages/cli/src/embedded/running-process";
import { readServiceState } from "../../packages/cli/src/embedded/service-state";
import { findTemporalBinary } from "../../packages/cli/src/embedded/temporal-binary";
import { findOwn } from "../../packages/cli/src/up/own-process";
import { readUpState, type UpState } from "../../packages/cli/src/up/up-state";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ntroJs = join(root, "dist", "ntro.js");
const PATIENCE = { timeout: 60_000, interval: 100 };

let home: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "ntro-up-"));
  const { PATH, HOME } = process.env;
  const temporal = await findTemporalBinary(join(root, ".cache"), () => {});
  env = { PATH, HOME, NTRO_HOME: home, NTRO_TEMPORAL_BIN: temporal };
});
afterAll(async () => {
  await ntro("down");
  rmSync(home, { recursive: true, force: true });
});

function ntro(...argv: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [ntroJs, ...argv], { env }, (error, stdout, stderr) =>
      resolve({ exit: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

function state(): UpState {
  const found = readUpState(home);
  if (!found) throw new Error("ntro up has written no state");
  return found;
}

function part(name: string): UpState["parts"][number] {
  const found = state().parts.find((each) => each.name === name);
  if (!found) throw new Error(`no part ${name}`);
  return found;
}

function serviceRuns(name: string): boolean {
  const running = readServiceState(home, name)?.process;
  return running !== null && running !== undefined && isRunning(running);
}

/** Ends one process at once, as when the machine runs out of memory. */
function kill(pid: number | null): void {
  if (pid === null) throw new Error("there is no process to end");
  process.kill(pid, "SIGKILL");
}

describe("ntro up --detach, status, down", () => {
  it("starts everything, and makes secrets and the connection `local` that only their owner can read", async () => {
    const up = await ntro("up", "--detach", "--port", "0");
    expect(up).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\n$/) });
    const status = await ntro("status", "-o", "json");
    expect(status.exit).toBe(0);
    const parts = JSON.parse(status.stdout).parts;
    expect(parts).toMatchObject(
      ["postgres", "temporal", "server", "worker"].map((name) => ({ part: name, state: "up", healthy: true })),
    );
    for (const file of ["config.toml", "keys/secret", "keys/admin.key", "keys/worker.key", "run/up.json"])
      expect([file, statSync(join(home, file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(readConfig(home)).toMatchObject({
      default_connection_name: "local",
      connections: {
        local: { host: `${up.stdout.trim()}/v1`, api_key: expect.stringMatching(/^ntro_key_[\w-]{43}$/) },
      },
    });
    expect(await ntro("tenant", "create", "--name", "Kept", "--slug", "kept")).toMatchObject({ exit: 0 });
  });

  it("gives no secret to the worker's environment, nor any in a command line", () => {
    const { api_key } = readConfig(home).connections.local ?? { api_key: "" };
    const workerKey = readFileSync(join(home, "keys/worker.key"), "utf8").trim();
    for (const { part, process: running } of findOwn(home)) {
      expect(running.command).not.toContain(api_key);
      expect(running.command).not.toContain(workerKey);
      if (process.platform !== "linux") continue;
      const environment = readFileSync(`/proc/${running.pid}/environ`, "utf8");
      expect(environment).not.toContain(api_key);
      expect(environment).not.toContain(workerKey);
      if (part === "worker") expect(environment).not.toContain("postgres://");
    }
  });

  it("is one platform for a data folder", async () => {
    const { pid } = state();
    expect(await ntro("up", "--port", "0")).toMatchObject({ exit: 4, stderr: expect.stringContaining(String(pid)) });
    expect(await ntro("up", "--detach")).toMatchObject({ exit: 0, stdout: `${state().url}\n` });
    expect(state().pid).toBe(pid);
  });

  it("starts a part again that died, at the same address", async () => {
    for (const name of ["server", "worker", "temporal", "postgres"]) {
      const before = part(name);
      kill(before.pid);
      await vi.waitFor(() => {
        const { pid, restarts, address } = part(name);
        expect(pid).not.toBe(before.pid);
        expect({ restarts, address }).toEqual({ restarts: 1, address: before.address });
      }, PATIENCE);
      await vi.waitFor(async () => expect((await ntro("status")).exit).toBe(0), PATIENCE);
    }
    expect(JSON.parse((await ntro("tenant", "list", "-o", "json")).stdout)).toMatchObject([{ slug: "kept" }]);
  });

  it("comes back after it was itself killed: what it left is taken over or ended", async () => {
    const before = state();
    const left = findOwn(home).map(({ process: { pid } }) => pid);
    kill(before.pid);
    await vi.waitFor(() => expect(isRunning(before)).toBe(false), PATIENCE);
    expect(await ntro("status")).toMatchObject({ exit: 1, stderr: expect.stringContaining("Start it: ntro up") });
    expect((await ntro("up", "--detach", "--port", "0")).exit).toBe(0);
    expect(part("postgres").pid).toBe(before.parts.find(({ name }) => name === "postgres")?.pid);
    expect(findOwn(home).filter(({ process: { pid } }) => left.includes(pid))).toEqual([]);
    expect(JSON.parse((await ntro("tenant", "list", "-o", "json")).stdout)).toMatchObject([{ slug: "kept" }]);
  });

  it("is stopped by down, with nothing left; also what a killed one has left", async () => {
    expect(await ntro("down")).toMatchObject({ exit: 0, stderr: expect.stringContaining("✓ Stopped.") });
    expect(findOwn(home)).toEqual([]);
    expect([serviceRuns("postgres"), serviceRuns("temporal")]).toEqual([false, false]);
    expect((await ntro("up", "--detach", "--port", "0")).exit).toBe(0);
    const killed = state();
    kill(killed.pid);
    await vi.waitFor(() => expect(isRunning(killed)).toBe(false), PATIENCE);
    expect((await ntro("down")).exit).toBe(0);
    expect(findOwn(home)).toEqual([]);
    expect([serviceRuns("postgres"), serviceRuns("temporal")]).toEqual([false, false]);
    expect(await ntro("down")).toMatchObject({ exit: 0, stderr: "Nothing is running.\n" });
  });
});

describe("ntro up in the foreground", () => {
  it("stops everything in order at Ctrl-C", async () => {
    const child = spawn(process.execPath, [ntroJs, "up", "--port", "0"], { env, stdio: ["ignore", "pipe", "pipe"] });
    const stderr = collect(child);
    await once(child.stdout, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(stderr()).toMatch(/Stopping…\nStopped, /);
    expect(findOwn(home)).toEqual([]);
    expect([serviceRuns("postgres"), serviceRuns("temporal")]).toEqual([false, false]);
  });

  it("stops what has been started when Ctrl-C comes early", async () => {
    const child = spawn(process.execPath, [ntroJs, "up", "--port", "0"], { env, stdio: ["ignore", "pipe", "pipe"] });
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
    expect(findOwn(home)).toEqual([]);
    expect([serviceRuns("postgres"), serviceRuns("temporal")]).toEqual([false, false]);
  });
});

describe("what keeps it from starting has a way out, and nothing is started", () => {
  it("a port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address ? address.port : 0;
    for (const flags of [[], ["--detach"]]) {
      const { exit, stderr, stdout } = await ntro("up", "--port", String(port), ...flags, "-o", "json");
      expect(exit).toBe(4);
      expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`);
      expect(stderr).toContain(`ntro up --port ${port + 1}`);
      expect(JSON.parse(stdout)).toMatchObject({ statusCode: 503 });
    }
    other.close();
    expect(serviceRuns("postgres")).toBe(false);
  });

  it("a data folder of a newer version, or one whose version cannot be read", async () => {
    const file = join(home, "version.json");
    const good = readFileSync(file, "utf8");
    writeFileSync(file, '{"format":99,"version":"9.0.0"}');
    expect(await ntro("up", "--port", "0")).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("Install ntro 9.0.0 or newer"),
    });
    writeFileSync(file, "{");
    expect(await ntro("up", "--port", "0")).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("cannot be understood"),
    });
    rmSync(file);
    expect(await ntro("up", "--port", "0")).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("no version.json"),
    });
    writeFileSync(file, good);
    expect(serviceRuns("postgres")).toBe(false);
  });

  it("a port that is none", async () => {
    expect(await ntro("up", "--port", "70000")).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("is not a port"),
    });
  });
});

function collect(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (data: Buffer) => {
    text += data.toString();
  });
  return () => text;
}
