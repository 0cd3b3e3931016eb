import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OpenGate, StreamEvent } from "@ntro/contract";
import { Connection, ScheduleClient, ScheduleOverlapPolicy } from "@temporalio/client";
import { readSheet } from "read-excel-file/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReviews } from "./gates";
import {
  createAcme,
  DOCUMENT_INGEST,
  NAV_MONTHLY,
  PLACE,
  Platform,
  RENT_ROLL,
  TENANT,
  TRIAL_BALANCE,
} from "./platform";

/** The product's main job, typed as a user types it: a TypeScript runbook with two Python children. The cases build on each other. */
describe("the main job", () => {
  const platform = new Platform();
  let task = "";
  beforeAll(() => platform.up());
  afterAll(() => platform.remove());

  const started = async (period: string) =>
    (await platform.json<{ id: string }>("workflow", "run", "nav-monthly", ...PLACE, "--period", period)).id;

  /** Both files, both extractions approved as they are: the journals are to be reviewed next. */
  async function bringToJournals(id: string): Promise<void> {
    await platform.waitForEvent(id, (event) => event.type === "task.gate_opened");
    await submitBoth(id);
    for (const { token } of await openReviews(platform, id, 2))
      expect(await platform.ntro("run", "approve", id, "--gate", token)).toMatchObject({ code: 0 });
    await platform.waitForEvent(id, journalsOpened);
  }

  const journalsOpened = (event: StreamEvent) =>
    event.type === "task.gate_opened" && String(event.data.title).startsWith("Journals of");

  async function submitBoth(id: string): Promise<void> {
    await expect
      .poll(async () => (await platform.json<{ gates: unknown[] }>("run", "status", id)).gates.length)
      .toBe(2);
    expect(await platform.ntro("run", "submit", id, "--file", TRIAL_BALANCE, "--file", RENT_ROLL)).toMatchObject({
      code: 0,
    });
  }

  it("creates tenant and entity", async () => {
    await createAcme(platform);
    expect(await platform.json("tenant", "info", "acme-fund")).toMatchObject({ status: "ACTIVE", entityCount: 1 });
  });

  it("deploys the Python runbook that reads documents", async () => {
    const ran = await platform.ntro("workflow", "create", "--path", DOCUMENT_INGEST, ...TENANT);
    expect(ran).toMatchObject({ code: 0 });
    for (const part of ["checked", "uploaded", "loaded", "ready", "document-ingest@1.0.0"])
      expect(ran.stdout + ran.stderr).toContain(part);
  });

  it("deploys and binds with one command, line by line", async () => {
    const ran = await platform.ntro(
      "workflow",
      "create",
      "--path",
      NAV_MONTHLY,
      ...PLACE,
      "--schedule",
      "0 8 5 * *",
      "--timezone",
      "Europe/London",
    );
    expect(ran).toMatchObject({ code: 0 });
    const said = ran.stdout + ran.stderr;
    for (const part of ["checked", "uploaded", "built", "loaded", "ready", "nav-monthly@1.1.0", "Europe/London"])
      expect(said).toContain(part);
    const [workflow] = await platform.json<{ id: string }[]>("workflow", "list");
    const info = await platform.client().call("workflows.get", { params: { id: workflow?.id ?? "" } });
    expect(info.nextRuns?.[0]).toMatch(/-05T0[78]:00:00/);
    expect(said).toContain(info.id);
  });

  it("starts a task when the schedule fires, for the month before, once, and keeps that in its ledger", async () => {
    const [workflow] = await platform.json<{ id: string }[]>("workflow", "list");
    const connection = await Connection.connect({ address: platform.address("temporal") });
    const schedule = new ScheduleClient({ connection }).getHandle(`ntro-workflow-${workflow?.id}`);
    // As at 08:00 on 5 January.
    const span = { start: new Date("2026-01-05T07:59:59Z"), end: new Date("2026-01-05T08:00:00Z") };
    await schedule.backfill({ ...span, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
    const stream = new AbortController();
    const events = platform.client().events({ tenant: "acme-fund", after: "0" }, { signal: stream.signal });
    let started = "";
    for await (const event of events) {
      if (event.type !== "task.created") continue;
      started = event.taskId ?? "";
      break;
    }
    stream.abort();
    await schedule.backfill({ ...span, overlap: ScheduleOverlapPolicy.ALLOW_ALL });
    await connection.close();
    expect(await platform.json("run", "status", started)).toMatchObject({ context: { period: "2025-12" } });
    expect(await platform.ntro("run", "cancel", started)).toMatchObject({ code: 0 });
    await platform.waitForEvent(started, (event) => event.type === "task.failed");
    expect(await platform.json("schedule", "ledger", "nav-monthly", ...PLACE)).toMatchObject([
      { nominalTime: "2026-01-05T08:00:00.000Z", outcome: "ran", taskId: started, period: "2025-12" },
    ]);
  });

  it("shows when the schedule fires next, pauses and resumes it", async () => {
    const preview = await platform.ntro("schedule", "preview", "nav-monthly", ...PLACE);
    expect(preview).toMatchObject({ code: 0 });
    expect(preview.stdout.split("\n").filter((line) => line.includes("05T0"))).toHaveLength(10);
    expect(preview.stdout).toContain("clocks change");
    const pause = ["schedule", "pause", "nav-monthly", ...PLACE, "--reason", "Year end by hand"];
    expect(await platform.ntro(...pause)).toMatchObject({ code: 0 });
    expect((await platform.ntro(...pause)).stderr).toContain("paused already");
    expect((await platform.ntro("schedule", "list", ...TENANT)).stdout).toContain("paused");
    const resumed = await platform.ntro("schedule", "resume", "nav-monthly", ...PLACE);
    expect(resumed.stderr).toContain("active again");
    const { stdout } = await platform.ntro("schedule", "info", "nav-monthly", ...PLACE);
    for (const part of ["0 8 5 * * (Europe/London)", "1 ran", "Year end by hand"]) expect(stdout).toContain(part);
  });

  it("runs until it waits for a person, and says what for", async () => {
    const ran = await platform.ntro(
      "workflow",
      "run",
      "nav-monthly",
      ...PLACE,
      "--period",
      "2026-03",
      "--wait",
      "--no-wait-human",
    );
    expect(ran.code).toBe(3);
    expect(ran.stdout + ran.stderr).toMatch(/ntro run submit/);
    const [pending] = await platform.json<{ id: string; status: string }[]>("run", "pending");
    expect(pending).toMatchObject({ status: "BLOCKED", awaiting: "FILE_UPLOAD" });
    task = pending?.id ?? "";
  });

  it("takes the files of both children, in any order", async () => {
    expect(await platform.ntro("run", "submit", task, "--file", RENT_ROLL)).toMatchObject({ code: 0 });
    expect(await platform.ntro("run", "submit", task, "--file", TRIAL_BALANCE)).toMatchObject({ code: 0 });
    const [rentRoll, trialBalance] = await openReviews(platform, task, 2);
    expect(rentRoll?.title).toBe("Rent roll of 2026-03");
    expect(trialBalance?.title).toBe("Trial balance of 2026-03");
    const { stdout } = await platform.ntro("run", "next", task);
    for (const part of ["Harbour Coffee Ltd", "14500.00", "Cash at bank", "342118.45", "--gate"])
      expect(stdout).toContain(part);
  });

  it("takes a correction of what was read, and an approval of the other", async () => {
    const [rentRoll, trialBalance] = await openReviews(platform, task, 2);
    const gate = (open: OpenGate | undefined) => ["--gate", open?.token ?? ""];
    const correction = ["--correct", "A2=tenant=Bright Dental Ltd", "--reason", "As in the lease"];
    const typed = [
      ["run", "approve", task],
      ["run", "approve", task, ...gate(rentRoll), ...correction],
      ["run", "approve", task, ...gate(trialBalance)],
    ];
    const codes = [];
    for (const command of typed) codes.push((await platform.ntro(...command)).code);
    expect(codes).toEqual([2, 0, 0]);
    const waited = await platform.ntro("run", "status", task, "--wait", "--no-wait-human");
    expect(waited.code).toBe(3);
    expect(waited.stdout + waited.stderr).toContain("ntro run approve");
  });

  it("shows the proposed journals with their checks", async () => {
    const { stdout } = await platform.ntro("run", "next", task);
    for (const part of ["Journals of 2026-03", "6250.00", "2318.75", "Debits equal credits"])
      expect(stdout).toContain(part);
  });

  it("approves with a correction and completes", async () => {
    expect(
      await platform.ntro("run", "approve", task, "--correct", "fee-dr=account=5150", "--reason", "5150 from now on"),
    ).toMatchObject({ code: 0 });
    const done = await platform.ntro("run", "status", task, "--wait");
    expect(done.code).toBe(0);
    const { result } = await platform.json<{ result: { report: string } }>("run", "status", task);
    expect(result).toMatchObject({
      period: "2026-03",
      assets: "12866618.45",
      liabilities: "6033578.90",
      nav: "6833039.55",
      journals: 4,
    });
    const journals = await readSheet(readFileSync(result.report), "Journals");
    expect(journals).toContainEqual(["5150", "Management fee 2.5 % of rent 92750.00", 2318.75, 0]);
  });

  it("refuses the same month again, as the runbook says", async () => {
    const ran = await platform.ntro("workflow", "run", "nav-monthly", ...PLACE, "--period", "2026-03", "--wait");
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain("2026-03 of acme-spv1 is closed already.");
  });

  it("ends a rejected task with exit code 1 and the reason", async () => {
    const id = await started("2026-04");
    await bringToJournals(id);
    expect(await platform.ntro("run", "reject", id, "--reason", "Fee is not due")).toMatchObject({ code: 0 });
    const ran = await platform.ntro("run", "status", id, "--wait");
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain("Fee is not due");
  });

  it("ends as rejected when the reading of a document is rejected, once the other child has ended", async () => {
    const id = await started("2026-04");
    await submitBoth(id);
    const [rentRoll, trialBalance] = await openReviews(platform, id, 2);
    const reject = ["--gate", rentRoll?.token ?? "", "--reason", "The roll of another month"];
    expect(await platform.ntro("run", "reject", id, ...reject)).toMatchObject({ code: 0 });
    expect(await platform.ntro("run", "approve", id, "--gate", trialBalance?.token ?? "")).toMatchObject({ code: 0 });
    const ran = await platform.ntro("run", "status", id, "--wait");
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain("The roll of another month");
    expect(await platform.json("run", "status", id)).toMatchObject({ failure: { type: "Rejected" } });
  });

  it("has no secret and no amount in the workspace's logs", () => {
    const logs = ["server", "worker"]
      .map((name) => readFileSync(join(platform.home, "logs", `${name}.log`), "utf8"))
      .join("\n");
    expect(logs).not.toMatch(/ntro_key_|ntro_worker_|ntro_host_|postgres:\/\/[^ ]*:[^ @]+@/);
    expect(logs).not.toContain("6833039.55");
  });

  it("finds everything after a restart, tasks in flight too", async () => {
    const id = await started("2026-05");
    await platform.waitForEvent(id, (event) => event.type === "task.gate_opened");
    expect(await platform.ntro("down")).toMatchObject({ code: 0 });
    expect((await platform.ntro("run", "list")).code).toBe(4);
    await platform.up();
    expect(await platform.json("run", "status", id)).toMatchObject({ status: "BLOCKED" });
    await bringToJournals(id);
    expect(await platform.ntro("run", "cancel", id, "--reason", "Only a test")).toMatchObject({ code: 0 });
    await platform.waitForEvent(id, (event) => event.type === "task.failed");
    expect(await platform.json("run", "status", id)).toMatchObject({
      status: "FAILED",
      failure: { type: "Cancelled" },
    });
  });

  it("keeps the tenant's tasks in its history", async () => {
    const history = await platform.json<unknown[]>("run", "history", ...TENANT, "--entity", "acme-spv1");
    expect(history).toHaveLength(6);
  });
});
