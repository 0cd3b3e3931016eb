import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inDatabase, inTenants } from "./bad-input/databases";
import { openReviews } from "./gates";
import { createAcme, DOCUMENT_INGEST, PLACE, Platform } from "./platform";

const TRIAL_BALANCE = 'Code,Account,Debit,Credit\n1000,Cash at bank,"1,250.50",\n2000,Bank loan,,1250.50\n';

/** A door in the tenant's database which activities pass when they read a submitted file, and when they write the record. */
const DOOR = 714;
const DOORS = [
  `create function public.pass_door() returns boolean language plpgsql as
     'begin perform pg_advisory_lock_shared(${DOOR}); perform pg_advisory_unlock_shared(${DOOR}); return true; end'`,
  `create function public.pass_door_to_write() returns trigger language plpgsql as
     'begin perform public.pass_door(); return new; end'`,
  "alter table ingest.submitted_documents enable row level security",
  "create policy door on ingest.submitted_documents for select using (public.pass_door())",
  "create trigger door after insert on ingest.extracted_payloads for each row execute function public.pass_door_to_write()",
];

const platform = new Platform();
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ntro-python-crash-"));
  writeFileSync(join(folder, "trial-balance.csv"), TRIAL_BALANCE);
  await platform.up();
  await createAcme(platform);
  expect(await platform.ntro("workflow", "create", "--path", DOCUMENT_INGEST, ...PLACE)).toMatchObject({ code: 0 });
  for (const statement of DOORS) await inTenant(statement);
});
afterAll(async () => {
  await platform.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Rows of the tenant's database; always over the same connection, which holds the door. */
async function inTenant(sql: string): Promise<Record<string, unknown>[]> {
  return Object.values(await inTenants(platform, sql)).flat();
}

/** SIGKILL of the Python host, when there is one. */
async function strike(): Promise<void> {
  await expect.poll(() => platform.kill("python-host")).toHaveLength(1);
}

async function start(period: string): Promise<string> {
  const parameters = ["--param", "source=trial-balance", "--param", "schema_slug=trial-balance"];
  const { id } = await platform.json<{ id: string }>(
    ...["workflow", "run", "document-ingest", ...PLACE, "--period", period, ...parameters],
  );
  await platform.waitForEvent(id, (event) => event.type === "task.gate_opened");
  return id;
}

const submit = (id: string) => platform.typed("run", "submit", id, "--file", join(folder, "trial-balance.csv"));

/** Changes a row while the review is open. */
async function edit(id: string, value: string): Promise<void> {
  await openReviews(platform, id);
  const body = { action: "edit_cell", rowId: "1000", field: "account", value } as const;
  await platform.client().call("tasks.rowAction", { params: { id }, body });
}

/** Approves; that an approval was taken although nobody heard so is as good. */
async function approve(id: string): Promise<void> {
  let ran = await platform.ntro("run", "approve", id);
  while (ran.code === 4) ran = await platform.ntro("run", "approve", id);
  if (ran.code !== 0) expect(ran.stderr).toMatch(/was approved by|does not wait for a decision|has ended/);
}

/** The task has its right result, and everything about it happened once. */
async function expectDone(id: string, account: string): Promise<void> {
  const last = await platform.waitForEvent(id, ({ type }) => type === "task.completed" || type === "task.failed");
  expect(last).toMatchObject({ type: "task.completed" });
  const task = await platform.client().call("tasks.get", { params: { id } });
  expect(task).toMatchObject({ status: "COMPLETED", result: { row_count: 2, correction_count: 1 } });
  const records = await inTenant(
    `select id, payload, corrections from ingest.extracted_payloads where task_id = '${id}'`,
  );
  expect(records).toEqual([
    {
      id: (task.result as { record_id: string }).record_id,
      payload: expect.objectContaining({ rows: [expect.objectContaining({ account }), expect.anything()] }),
      corrections: [{ line_item_id: "1000", field: "account", old_value: "Cash at bank", new_value: account }],
    },
  ]);
  expect(await inTenant(`select id from ingest.submitted_documents where task_id = '${id}'`)).toHaveLength(1);
  const answered = await inDatabase(
    platform,
    "select action from audit where subject = $1 and action in ('task.file_submitted', 'task.row_changed', 'task.decided') order by seq",
    [`task:${id}`],
  );
  expect(answered.map(({ action }) => action)).toEqual(["task.file_submitted", "task.row_changed", "task.decided"]);
}

it("SIGKILL of a Python host loses nothing, wherever its tasks are", { timeout: 180_000 }, async () => {
  const [first = "", second = "", third = ""] = await Promise.all(["2026-01", "2026-02", "2026-03"].map(start));

  // Before any file is submitted.
  await strike();
  await Promise.all([submit(first), submit(second)]);
  // Right after the files of two tasks were submitted.
  await strike();
  await Promise.all([edit(first, "Petty cash"), edit(second, "Till")]);

  await inTenant(`select pg_advisory_lock(${DOOR})`);
  await Promise.all([submit(third), approve(first)]);
  const waiting = `select pid from pg_locks where locktype = 'advisory' and objid = ${DOOR} and not granted`;
  await expect.poll(() => inTenant(waiting)).toHaveLength(2);
  // While the first task writes its record, the second waits for its review with an edited row, and the third reads its file.
  await strike();
  await inTenant(`select pg_advisory_unlock(${DOOR})`);
  await edit(third, "Safe");

  // As the approvals are sent.
  const approving = Promise.all([approve(second), approve(third)]);
  await strike();
  await approving;
  await Promise.all([expectDone(first, "Petty cash"), expectDone(second, "Till"), expectDone(third, "Safe")]);
});
