import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readBundle } from "@ntro/bundle";
import { Client, Connection } from "@temporalio/client";
import { NativeConnection } from "@temporalio/worker";
import { Pool } from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenantDatabasePassword } from "../../packages/server/src/secrets";
import { tenantDatabaseName } from "../../packages/server/src/store/tenant-databases";
import { createTenantDatabase } from "../../packages/server/src/store/tenant-provisioning";
import { database } from "../../packages/worker/src/host/capabilities/database";
import { documents } from "../../packages/worker/src/host/capabilities/documents";
import { storage } from "../../packages/worker/src/host/capabilities/storage";
import { applyMigrations } from "../../packages/worker/src/host/migrations";
import { startTestPostgres, type TestPostgres } from "../support/postgres";
import { startTestTemporal, type TestTemporal } from "../support/temporal";
import { Reports } from "./reports";
import { IDENTITY, Task } from "./task";
import { type BuiltBundles, prepareBuilds, quietTemporal, serveRevisions } from "./typescript-host";

const RUNBOOK = fileURLToPath(new URL("../fixtures/system/month-end", import.meta.url));
const DATA = fileURLToPath(new URL("../../examples/data/", import.meta.url));

let postgres: TestPostgres;
let temporal: TestTemporal;
let builds: BuiltBundles;
let pool: Pool;
let start: (input: Record<string, unknown>) => Promise<Task>;
const undo: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  quietTemporal();
  [postgres, temporal, builds] = await Promise.all([startTestPostgres(), startTestTemporal(), prepareBuilds()]);
  pool = await tenantPool(postgres.url);
  const folder = await mkdtemp(join(tmpdir(), "ntro-storage-"));
  const bundle = await readBundle(RUNBOOK);
  if (bundle.status === "faulty") throw new Error(JSON.stringify(bundle.faults));
  await applyMigrations(pool, "nav-monthly", bundle.bundle.files);
  const loaded = await builds.load("nav-monthly", RUNBOOK);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const reports = new Reports();
  const { type } = loaded.revision;
  const worker = await serveRevisions({
    connection,
    queue: "nav",
    builds,
    revisions: new Map([[type, loaded]]),
    capabilities: { db: database(pool), documents: documents(pool), storage: storage(folder) },
    report: reports.take,
  });
  const clientConnection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection: clientConnection });
  start = async (input) => {
    const id = randomUUID();
    const args = [{ ...input, config: {}, task_id: id, ...IDENTITY }];
    return new Task(await client.workflow.start(type, { workflowId: id, taskQueue: "nav", args }), reports);
  };
  undo.push(
    worker.stop,
    () => clientConnection.close(),
    () => connection.close(),
  );
  undo.push(() => rm(folder, { recursive: true, force: true }));
});

afterAll(async () => {
  for (const step of undo) await step();
  await pool.end();
  await Promise.all([postgres.stop(), temporal.stop(), builds.remove()]);
});

/** The tenant's database as the platform makes it, reached as the tenant's role. */
async function tenantPool(url: string): Promise<Pool> {
  const secret = randomBytes(32);
  const tenant = { id: IDENTITY.tenant_id, slug: IDENTITY.tenant_slug };
  await createTenantDatabase(url, tenant, secret, pino({ level: "silent" }));
  const name = tenantDatabaseName(tenant.id);
  const own = new URL(url);
  own.username = name;
  own.password = tenantDatabasePassword(secret, tenant.id);
  own.pathname = `/${name}`;
  const made = new Pool({ connectionString: own.href, max: 4 });
  // Its last connection may still be closing when Postgres ends.
  made.on("error", () => undefined);
  return made;
}

/** Keeps a file as the server does, and submits it. */
async function submit(task: Task, gate: { token: string }, source: string, filename: string, bytes: Buffer) {
  const document_ref = randomUUID();
  await pool.query(
    `insert into ingest.submitted_documents (id, entity_slug, source, filename, content_type, data_bytes, task_id)
     values ($1, $2, $3, $4, 'application/octet-stream', $5, $6)`,
    [document_ref, IDENTITY.entity_slug, source, filename, bytes, task.id],
  );
  await task.submit(gate, source, { document_ref, filename, size_bytes: bytes.length });
}

async function submitSources(task: Task, gate: { token: string }): Promise<void> {
  for (const [source, file] of [
    ["trial-balance", "trial-balance-2026-03.xlsx"],
    ["rent-roll", "rent-roll-2026-03.pdf"],
  ] as const)
    await submit(task, gate, source, file, await readFile(join(DATA, file)));
}

test("a month is closed from real files: asked again, corrected, posted", async () => {
  const task = await start({ period: "2026-03" });
  const first = await task.gate("Trial balance and rent roll of 2026-03");
  await submit(task, first, "trial-balance", "tb.csv", Buffer.from("Code,Account,Debit,Credit\n1000,Property,5,\n"));
  await submit(task, first, "rent-roll", "roll.txt", Buffer.from("Unit A1  Coffee  GBP 14,500.00"));
  const second = await task.askedAgain(first);
  expect(second.action.feedback).toMatchObject({
    level: "error",
    payload: { message: expect.stringContaining("5.00") },
  });
  await submitSources(task, second);

  const review = await task.gate("Journals of 2026-03");
  expect(review.action.payload).toMatchObject({
    rows: [
      { id: "rent-dr", account: "1100", debit: "6250.00" },
      { id: "rent-cr", account: "4000", credit: "6250.00" },
      { id: "fee-dr", account: "5100", debit: "2318.75" },
      { id: "fee-cr", account: "2100", credit: "2318.75" },
    ],
    document: { filename: "rent-roll-2026-03.pdf" },
  });
  await task.approve(review, [{ row_id: "fee-dr", field: "debit", old_value: "2318.75", new_value: "2300" }]);
  const unbalanced = await task.askedAgain(review);
  expect(unbalanced.action.feedback?.payload).toMatchObject({ message: expect.stringContaining("differ by -18.75") });
  expect(unbalanced.action.checks).toMatchObject({ status: "fail" });
  await task.approve(unbalanced, [{ row_id: "fee-cr", field: "credit", new_value: "2300" }]);

  const result = await task.result();
  expect(result).toMatchObject({
    period: "2026-03",
    assets: "12866618.45",
    liabilities: "6033560.15",
    nav: "6833058.30",
    journals: 4,
    approvedBy: "Robin Reviewer",
  });
  const { rows } = await pool.query("select status, nav from ledgers.nav_periods where period = '2026-03'");
  expect(rows).toEqual([{ status: "CLOSED", nav: "6833058.30" }]);
  expect((await readFile((result as { report: string }).report)).subarray(0, 2).toString()).toBe("PK");
  expect(JSON.stringify(task.stateReports())).not.toMatch(/6250\.00|2300/);
});

test("a closed month is not closed again", async () => {
  const task = await start({ period: "2026-03" });
  expect(await task.failure()).toEqual({
    type: "PeriodClosed",
    message: `2026-03 of ${IDENTITY.entity_slug} is closed already.`,
  });
});

test("a rejected month fails with the reason and stays open to another run", async () => {
  const task = await start({ period: "2026-02", managementFeePercent: "3" });
  await submitSources(task, await task.gate());
  await task.reject(await task.gate("Journals of 2026-02"), "Wrong rent roll.");
  expect(await task.failure()).toEqual({ type: "Rejected", message: "Rejected by Robin Reviewer: Wrong rent roll." });
  const { rows } = await pool.query("select status, reason from ledgers.nav_periods where period = '2026-02'");
  expect(rows).toEqual([{ status: "REJECTED", reason: "Wrong rent roll." }]);
  const again = await start({ period: "2026-02" });
  await again.gate("Trial balance and rent roll of 2026-02");
  await again.handle.terminate();
});
