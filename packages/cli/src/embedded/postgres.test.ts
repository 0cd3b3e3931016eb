import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EmbeddedServiceError } from "./embedded-service-error";
import { type EmbeddedPostgres, startPostgres } from "./postgres";
import { launchParent, startParent } from "./service-parent.testing";
import { readServiceState } from "./service-state";

const isRoot = process.getuid?.() === 0;
const log = () => {};

let home: string;
let started: EmbeddedPostgres[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ntro-postgres-"));
  started = [];
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const postgres of started) await postgres.stop();
  rmSync(home, { recursive: true, force: true, maxRetries: 10 });
});

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ home, log });
  started.push(postgres);
  return postgres;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Commits rows one by one until the server goes away; returns how many were acknowledged. */
async function writeUntilGone(url: string, onFirst: () => void): Promise<number> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  await client.query("create table rows (n int)");
  for (let acknowledged = 0; ; acknowledged += 1) {
    try {
      await client.query("insert into rows values ($1)", [acknowledged]);
    } catch {
      return acknowledged;
    }
    if (acknowledged === 50) onFirst();
  }
}

async function refusal(): Promise<EmbeddedServiceError> {
  const error = await startPostgres({ home, log }).then(
    (postgres) => {
      started.push(postgres);
      return undefined;
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof EmbeddedServiceError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return error;
}

/** Every file below the folder with its size and time of change. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${name} ${statSync(join(folder, name)).size} ${statSync(join(folder, name)).mtimeMs}`)
    .sort();
}

describe("a home's PostgreSQL", () => {
  it("keeps data and port over a stop, and lets nobody in without the password", async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await query(first.url, "create table kept as select 'Größe' as word");
    await expect(query(first.url.replace(/:[^:@]+@/, ":wrong@"), "select 1")).rejects.toThrow(/password/);
    expect(statSync(join(home, "postgres", "password")).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, "run", "postgres.json")).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(await first.exited).toEqual({ code: 0, signal: null });
    expect(readServiceState(home, "postgres")?.process).toBeNull();

    const second = await start();
    expect(second.address).toBe(first.address);
    expect(await query(second.url, "select upper(word) as word from kept")).toEqual([{ word: "GRÖßE" }]);
  });

  it("loses no acknowledged row when the server is killed", async () => {
    const first = await start();
    const acknowledged = await writeUntilGone(first.url, () => process.kill(first.pid, "SIGKILL"));
    expect(acknowledged).toBeGreaterThan(50);
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });

    const second = await start();
    expect(second.adopted).toBe(false);
    const [row] = (await query(second.url, "select count(*)::int as n from rows")) as { n: number }[];
    expect(row?.n).toBeGreaterThanOrEqual(acknowledged);
  });

  it("adopts the server that a killed parent left, and stops it", async () => {
    const parent = await startParent("postgres", home);
    await parent.kill();

    const adopted = await start();
    expect(adopted).toMatchObject({ adopted: true, pid: parent.answer.pid, address: parent.answer.address });
    expect(await query(adopted.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await adopted.stop();
    await adopted.exited;
    expect(readdirSync(join(home, "postgres", "data"))).not.toContain("postmaster.pid");
  });

  it("starts anew when its parent is killed while the first database is being made", async () => {
    const root = join(home, "postgres");
    const parent = launchParent("postgres", home);
    await expect
      .poll(
        () => existsSync(root) && readdirSync(root, { recursive: true }).some((f) => `${f}`.endsWith("PG_VERSION")),
        {
          timeout: 30_000,
          interval: 5,
        },
      )
      .toBe(true);
    const early = !existsSync(join(root, "data"));
    await parent.kill();
    const postgres = await start();
    expect({ early, adopted: postgres.adopted }).toEqual({ early: true, adopted: false });
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("starts though the pid it had before a crash now belongs to another process", async () => {
    const first = await start();
    const file = join(home, "postgres", "data", "postmaster.pid");
    const { uid, gid } = statSync(file);
    process.kill(first.pid, "SIGKILL");
    await first.exited;
    const other = spawn("sleep", ["1000"], isRoot ? { uid, gid } : {});
    await once(other, "spawn");
    writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+/, String(other.pid)));

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(other.exitCode).toBeNull();
    other.kill();
    await once(other, "exit");
  });

  it("refuses a folder of another PostgreSQL version and touches nothing", async () => {
    await (await start()).stop();
    const data = join(home, "postgres", "data");
    writeFileSync(join(data, "PG_VERSION"), "99\n");
    const before = snapshot(data);
    expect(await refusal()).toMatchObject({ code: "DATA_FOLDER_NEWER", hint: expect.stringContaining("NTRO_PG_BIN") });
    writeFileSync(join(data, "PG_VERSION"), "9\n");
    expect(await refusal()).toMatchObject({ code: "DATA_FOLDER_OLDER" });
    writeFileSync(join(data, "PG_VERSION"), "99\n");
    expect(snapshot(data).map((line) => line.replace(/^PG_VERSION .*/, ""))).toEqual(
      before.map((line) => line.replace(/^PG_VERSION .*/, "")),
    );
  });

  it("refuses a damaged folder with the way out and keeps it", async () => {
    await (await start()).stop();
    const data = join(home, "postgres", "data");
    const control = join(data, "global", "pg_control");
    const intact = readFileSync(control);
    writeFileSync(control, Buffer.alloc(intact.length, 7));
    expect(await refusal()).toMatchObject({ code: "DATA_FOLDER_CORRUPT", hint: expect.stringContaining(`mv ${data}`) });
    rmSync(control);
    expect(await refusal()).toMatchObject({ code: "DATA_FOLDER_CORRUPT" });
    rmSync(join(home, "postgres", "password"));
    expect((await refusal()).code).toBe("DATA_FOLDER_CORRUPT");
    expect(readdirSync(data)).toContain("PG_VERSION");
  });

  it("says what to do when the chosen programs are not there", async () => {
    vi.stubEnv("NTRO_PG_BIN", join(home, "nowhere"));
    expect(await refusal()).toMatchObject({ code: "TOOL_MISSING", hint: expect.stringContaining("DATABASE_URL") });
  });
});

describe.runIf(isRoot)("for root", () => {
  it("runs as another user, who can pass through the home but not list it", async () => {
    chmodSync(home, 0o700);
    const postgres = await start();
    expect(statSync(home).mode & 0o777).toBe(0o711);
    expect(statSync(join(home, "postgres", "data")).uid).not.toBe(0);
    expect(statSync(`/proc/${postgres.pid}`, { throwIfNoEntry: false })?.uid).not.toBe(0);
  });

  it("runs as an ordinary user without changing users", async () => {
    const nobody = { uid: 65_534, gid: 65_534 };
    const own = join(home, "own");
    chmodSync(home, 0o755);
    mkdirSync(own, { mode: 0o700 });
    chownSync(own, nobody.uid, nobody.gid);
    const parent = await startParent("postgres", own, nobody);
    await parent.kill();
    // Root takes over what an ordinary user began, still as that user.
    const adopted = await startPostgres({ home: own, log });
    started.push(adopted);
    expect(adopted).toMatchObject({ adopted: true, pid: parent.answer.pid });
    expect(statSync(join(own, "postgres", "data")).uid).toBe(nobody.uid);
    await adopted.stop();
    const again = await startPostgres({ home: own, log });
    started.push(again);
    expect(statSync(join(own, "postgres", "data", "postmaster.pid")).uid).toBe(nobody.uid);
  });
});
