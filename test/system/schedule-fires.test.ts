import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { NtroClient } from "@ntro/contract";
import { Client, Connection, ScheduleOverlapPolicy } from "@temporalio/client";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hashKey, makeKey } from "../../packages/server/src/secrets";
import { type Db, openDatabase, openPool } from "../../packages/server/src/store/database";
import { serverUrls } from "../../packages/server/src/store/workspace-database";
import { smallBundle } from "../support/bundle";
import { startControl, type TestControl } from "../support/control";
import { startTestPostgres, type TestPostgres } from "../support/postgres";
import { CutProxy } from "../support/proxy";
import { until } from "../support/scripted-platform";
import { startTestTemporal, type TestTemporal } from "../support/temporal";
import { ROOT } from "./platform";

/** How many times of the schedule fire. */
const FIRES = Number(process.env.NTRO_FIRES ?? 60);
/** What the moments and victims of the kills follow from. */
const SEED = Number(process.env.NTRO_SEED ?? Date.now() % 1_000_000);
/** About how often a server is killed. */
const KILLS = Math.min(10, Math.ceil(FIRES / 5)) + Math.floor(FIRES / 50);
/** Milliseconds: for the whole test, however many fires there are. */
const PATIENCE = 60_000 + FIRES * 1_500;
const MINUTE = 60_000;
/** The first of the nominal times: long past, so that no live firing is among them. */
const FIRST = Date.UTC(2026, 2, 10, 8, 0);

const keys = { admin: makeKey(), worker: makeKey() };
let postgres: TestPostgres;
let temporal: TestTemporal;
let servers: ServerProcess[] = [];
let controls: TestControl[] = [];
let db: Db;

/** A server that is killed and started again, always to be reached at one address. */
class ServerProcess {
  readonly #target = { host: "127.0.0.1", port: 0 };
  readonly #way = new CutProxy(this.#target);
  #child: ChildProcess | undefined;
  kills = 0;

  constructor(private readonly environment: Record<string, string>) {}

  get url(): string {
    return `http://${this.#way.address}/v1`;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [`${ROOT}/dist/server.js`], {
      env: { PATH: process.env.PATH, NTRO_LOG_LEVEL: "fatal", ...this.environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const { listening } = JSON.parse(line) as { listening: string };
    if (this.#target.port === 0) await this.#way.open();
    this.#target.port = Number(new URL(listening).port);
  }

  async kill(): Promise<void> {
    this.kills += 1;
    await this.#end();
  }

  async #end(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  async stop(): Promise<void> {
    await this.#end();
    await this.#way.cut();
  }
}

/** Numbers from 0 up to 1 that follow from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal()]);
  const environment = {
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporal.address,
    NTRO_LISTEN: "127.0.0.1:0",
    NTRO_SECRET: "ab".repeat(32),
    NTRO_ADMIN_KEY_SHA256: hashKey(keys.admin),
    NTRO_WORKER_KEY_SHA256: hashKey(keys.worker),
  };
  servers = [new ServerProcess(environment), new ServerProcess(environment)];
  for (const server of servers) await server.start();
  controls = await Promise.all(servers.map(({ url }) => startControl(url, keys.worker)));
  db = openDatabase(openPool(serverUrls(postgres.url).workspace, pino({ level: "silent" })));
});

afterAll(async () => {
  for (const control of controls) await control.stop();
  for (const server of servers) await server.stop();
  await db?.destroy();
  await temporal?.stop();
  await postgres?.stop();
});

/** A workflow that fires every minute, whose tasks may be open side by side; gives its id. */
async function bindEveryMinute(): Promise<string> {
  const api = new NtroClient({ host: servers[0]?.url ?? "", apiKey: keys.admin });
  const worker = new NtroClient({ host: servers[0]?.url ?? "", apiKey: keys.worker });
  await api.call("tenants.create", { body: { name: "Acme", slug: "acme" } });
  const entity = await api.call("entities.create", { params: { tenant: "acme" }, body: { name: "E", slug: "e" } });
  const files = smallBundle("nav", "1.0.0", "", ["concurrency: any"]);
  const { deployment } = await api.call("runbooks.deploy", {
    params: { slug: "nav" },
    query: { wait: 0 },
    body: { tenantSlug: "acme", version: "1.0.0", files },
  });
  const described = { steps: [], inputSchema: null, children: [], activities: [] };
  await worker.call("worker.reportDeployment", { params: { id: deployment.id }, body: { status: "ready", described } });
  const body = { runbookSlug: "nav", entityId: entity.id, schedule: "* * * * *", timezone: "UTC" };
  return (await api.call("workflows.put", { body })).workflow.id;
}

/**
 * Kills one server or the other whenever some further tasks have been started, until all have; how many, which server and how much later follows from the seed.
 */
async function killAtRandom(workflowId: string): Promise<void> {
  const random = randomOf(SEED);
  let next = 0;
  for (;;) {
    next += 1 + Math.floor(random() * (FIRES / KILLS) * 2);
    const count = await until(async () => {
      await delay(50);
      const { length } = await tasksOf(workflowId);
      return length >= Math.min(next, FIRES) ? length : undefined;
    });
    if (count >= FIRES) return;
    next = Math.max(next, count);
    await delay(random() * 200);
    const victim = servers[Math.floor(random() * servers.length)];
    await victim?.kill();
    await victim?.start();
  }
}

async function tasksOf(workflowId: string) {
  return db
    .selectFrom("tasks")
    .select(["id", "status", "nominal_time"])
    .where("workflow_id", "=", workflowId)
    .where("nominal_time", ">=", new Date(FIRST))
    .where("nominal_time", "<", new Date(FIRST + FIRES * MINUTE))
    .orderBy("nominal_time")
    .execute();
}

it(`${FIRES} firings are one task and one execution each, with two servers of which one or the other is killed (seed ${SEED})`, {
  timeout: PATIENCE,
}, async () => {
  const workflowId = await bindEveryMinute();
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection });
  await client.schedule.getHandle(`ntro-workflow-${workflowId}`).backfill({
    start: new Date(FIRST - 1_000),
    end: new Date(FIRST + (FIRES - 1) * MINUTE),
    overlap: ScheduleOverlapPolicy.ALLOW_ALL,
  });
  await killAtRandom(workflowId);
  const kills = servers.map((server) => server.kills);
  expect(Math.max(...kills)).toBeGreaterThan(0);

  // What was recorded as a server died is started by the one that comes back.
  const tasks = await until(async () => {
    await delay(100);
    const all = await tasksOf(workflowId);
    return all.every(({ status }) => status === "READY") ? all : undefined;
  });
  const expected = Array.from({ length: FIRES }, (_, index) => new Date(FIRST + index * MINUTE).toISOString());
  expect(tasks.map(({ nominal_time }) => nominal_time?.toISOString())).toEqual(expected);

  const executions: string[] = [];
  await until(async () => {
    executions.splice(0);
    for await (const each of client.workflow.list({ query: 'TaskQueue = "ntro/acme/ts"' }))
      executions.push(each.workflowId);
    const seen = new Set(executions);
    return tasks.every(({ id }) => seen.has(id)) ? true : undefined;
  });
  expect(executions).toHaveLength(new Set(executions).size);
  await connection.close();
});
