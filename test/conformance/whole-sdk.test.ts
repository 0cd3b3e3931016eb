import { randomUUID } from "node:crypto";
import type { Lock } from "@ntro/contract";
import { QUERIES, UPDATES } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Endings } from "../support/endings";
import { startTestTemporal } from "../support/temporal";
import { pythonHosts, pythonRevision } from "./python-host";
import { Reports } from "./reports";
import { REVIEWER, records, type Task } from "./task";
import { startTask } from "./trial";

let client: Client;
let start: () => Promise<Task>;
const endings = new Endings();

beforeAll(async () => {
  const temporal = await startTestTemporal();
  endings.add(temporal.stop);
  const connection = await Connection.connect({ address: temporal.address });
  endings.add(() => connection.close());
  client = new Client({ connection });
  const [main, ...children] = await Promise.all(["whole-sdk", "leaf", "receive-file"].map(pythonRevision));
  if (!main) throw new Error("A revision was made of each.");
  const hosts = await pythonHosts(temporal.address, [main, ...children]);
  endings.add(hosts.stop);
  const queue = randomUUID();
  const reports = new Reports();
  const serving = await hosts.serve(queue, reports.take);
  endings.add(serving.stop);
  const lock: Lock = Object.fromEntries(children.map(({ key, type }) => [key.slug, { type, queue }]));
  const input = { ai: { provider: "NTROPII", models: { default: "m" } } };
  start = () => startTask({ client, reports, place: { type: main.type, queue }, lock, input });
});

afterAll(() => endings.all());

/** Submits a file to the child that waits for it, and takes it. */
async function receive(task: Task, source: string): Promise<void> {
  const child = task.child(client.workflow, `${task.id}:documents:receive-file:${source}`);
  await child.submit(await child.gate(`The file of ${source}`), source);
  await child.approve(await child.gate(`Take ${source}?`));
}

const statuses = async (task: Task) => (await task.state()).gates[0]?.slots?.map((slot) => slot.status);

test("a bundle of the published SDK goes through all of its helpers", async () => {
  const task = await start();
  const both = await task.gate("Both files");
  expect(both).toMatchObject({ kind: "submit_files", step_id: "documents" });
  expect(both.slots).toMatchObject([
    { source: "lease", status: "pending", accept: ["pdf"], max_size_mb: 5 },
    { source: "rent-roll", status: "pending" },
  ]);
  await receive(task, "rent-roll");
  await expect.poll(() => statuses(task)).toEqual(["pending", "completed"]);
  await receive(task, "lease");

  await task.reported((report) => report.current_step === "rows");
  expect((await task.state()).feedback).toMatchObject({ kind: "ingest", payload: { progress: { target_rows: 2 } } });
  const taken = await task.update(UPDATES.ingest, records({ amount: "1.00" }, { amount: "2.00" }));
  expect(taken).toEqual({ accepted: true });

  const review = await task.gate("Journal");
  expect((await task.checked()).items).toMatchObject([
    { id: "journal_balanced", status: "pass" },
    { id: "bank_reconciles", status: "skipped" },
    { id: "nobody_wrote_this", status: "fail" },
  ]);
  await task.rowAction(review, { action: "edit_cell", row_id: "1", field: "debit", value: "11.00" });
  expect(await task.query(QUERIES.uiState)).toHaveProperty("pending_payload.lines.0.debit", "11.00");
  await task.rowAction(review, { action: "reject_row", row_id: "2" });
  await task.approve(review, [{ row_id: "2", field: "credit", old_value: "10.00", new_value: "11.00" }]);

  const never = await task.reported(({ gates }) =>
    gates.some((gate) => gate.due_at !== undefined && gate.step_id === "patience"),
  );
  expect(never.gates[0]?.sources).toEqual(["never"]);
  expect(await task.result()).toMatchObject({
    opened: { previous: null, lease: null, ai: { provider: "NTROPII" } },
    doubled: 6,
    children: ["one", "two", "three"],
    documents: ["doc-lease", "doc-rent-roll"],
    rows: ["1.00", "2.00"],
    review: {
      type: "approved",
      by: REVIEWER.name,
      row_actions: [
        { action: "edit_cell", row_id: "1", field: "debit", value: "11.00" },
        { action: "reject_row", row_id: "2" },
      ],
    },
    corrections: expect.arrayContaining(["11.00"]),
    patience: "gave up",
  });
  await expectLadder(task);
});

/** Every step is on the ladder with its times, inherited ones and those of `run_step` too, and what was shown is kept. */
async function expectLadder(task: Task): Promise<void> {
  const { steps } = await task.state();
  const ids = ["open", "children", "documents", "rows", "review", "patience", "tally"];
  expect(steps.map((step) => step.id)).toEqual(ids);
  for (const step of steps) {
    expect(step).toMatchObject({ status: "completed", started_at: expect.any(String), ended_at: expect.any(String) });
  }
  const { snapshots } = await task.state();
  expect(Object.keys(snapshots)).toEqual(expect.arrayContaining(["open", "children", "documents", "rows", "review"]));
  expect(snapshots.review).toMatchObject({
    decision: { type: "approved" },
    payload: { lines: [{ debit: "11.00" }, {}] },
  });
  const { children } = await task.state();
  expect(new Set(children.map((child) => child.workflow_id)).size).toBe(5);
  expect(children.every((child) => child.status === "completed")).toBe(true);
}
