import { type NtroError, Repair, type RepairTask } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Bundles } from "./bad-input/bundles";
import { openReviews } from "./gates";
import { createAcme, PLACE, Platform } from "./platform";
import { BUG, booksFiles, feesFiles } from "./repair-bundles";

const platform = new Platform();
const bundles = new Bundles();

/** One at a time, so that each becomes current after the one before. */
async function deploy(slug: string, ...contents: Record<string, string>[]): Promise<void> {
  for (const files of contents)
    await platform.json("workflow", "create", "--path", bundles.write(slug, files), ...PLACE);
}

/** Tasks that stand at their gate on 1.0.0, whose last step fails, with their children locked to fees@1.0.0. */
const tasks: string[] = [];

async function nextTask(): Promise<string> {
  const id = tasks.pop() ?? "";
  await openReviews(platform, id);
  return id;
}

beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  await deploy("fees", feesFiles("1.0.0"));
  await deploy("books", booksFiles("1.0.0", { booking: BUG }));
  tasks.push(...(await Promise.all(Array.from({ length: 6 }, () => start()))));
  await Promise.all([
    deploy("fees", feesFiles("1.0.1")),
    deploy("books", booksFiles("1.0.1"), booksFiles("1.0.2"), booksFiles("1.1.0", { collect: "collectAll" })),
  ]);
}, 240_000);
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

async function start(context: Record<string, unknown> = {}): Promise<string> {
  const body = { tenantId: "acme-fund", workflowId: "books", context };
  return (await platform.client().call("tasks.create", { body })).id;
}

const get = (id: string) => platform.client().call("tasks.get", { params: { id } });
const repair = (id: string, body: RepairTask) =>
  platform.client().call("repairs.create", { params: { id }, query: { wait: 60 }, body });

/** Approves its open gate and gives what it returned. */
async function finish(id: string): Promise<unknown> {
  // The update may meet a host that is just starting; then it is kept and delivered.
  await platform.ntro("run", "approve", id);
  await expect.poll(async () => (await get(id)).status).toBe("COMPLETED");
  return (await get(id)).result;
}

it("refuses a version that does not fit the history, says where, and changes nothing", async () => {
  const id = await nextTask();
  const before = await get(id);
  const ran = await platform.ntro("run", "repair", id, "--to", "1.1.0");
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain("Prepare (prepare)");
  expect(ran.stdout).toContain("5 ActivityTaskScheduled");
  expect(ran.stdout).toContain("templates/workflow.ts:15\n         await act.collectAll({});");
  expect(ran.stdout).toContain("ActivityTaskScheduled of collect here; the new code has activity type collectAll");
  expect(ran.stderr).toContain("Nothing changed");
  const error: NtroError = await repair(id, { to: "1.1.0" }).catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: "REPAIR_REFUSED",
    details: [{ workflowId: id, eventId: 5, frame: { path: "templates/workflow.ts", line: 15 } }],
  });
  await expect(repair(id, { to: "9.9.9" })).rejects.toMatchObject({ code: "VERSION_NOT_FOUND" });
  await expect(repair(`${id}:book:fees`, { to: "1.0.1" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  expect(await get(id)).toEqual(before);
  const checked = await repair(id, { to: "1.0.1", check: true });
  expect(checked).toMatchObject({ status: "checked", checks: [{ status: "fits" }] });
  expect(await get(id)).toEqual(before);
});

it("goes on with the new code, its activities and the named child, over SIGKILL of host and server; who did it is kept", async () => {
  const id = await nextTask();
  const args = ["--to", "1.0.1", "--child", "fees@1.0.1", "--reason", "Null of March"];
  const applied = Repair.parse(await platform.json("run", "repair", id, ...args));
  expect(applied).toMatchObject({ status: "applied", laterChildren: [{ slug: "fees", to: { version: "1.0.1" } }] });
  await Promise.all([platform.kill("host"), platform.kill("server")]);
  const shown = await platform.typed("run", "status", id);
  expect(shown).toMatch(/goes on with\s+books@1\.0\.1\+\w{12}, repaired from 1\.0\.0\+\w{12} by .+: Null of March/);
  expect(await finish(id)).toEqual({ text: "booked by 1.0.1, fee of 1.0.1" });
  const logs = await platform.client().call("tasks.logs", { params: { id }, query: {} });
  expect(logs.filter(({ type }) => type === "task.repaired")).toHaveLength(1);
  await expect(repair(id, { to: "1.0.2" })).rejects.toMatchObject({ code: "TASK_CLOSED" });
});

it("repairs a task whose code is failing; its other children stay as they were locked", async () => {
  const id = await nextTask();
  await platform.ntro("run", "approve", id);
  await expect.poll(async () => (await get(id)).failure?.type).toBe("CodeFailing");
  await repair(id, { to: "1.0.1" });
  await expect.poll(async () => (await get(id)).status).toBe("COMPLETED");
  expect(await get(id)).toMatchObject({ failure: null, result: { text: "booked by 1.0.1, fee of 1.0.0" } });
});

it("is repaired again and back again, and replays right after each", async () => {
  const id = await nextTask();
  for (const to of ["1.0.1", "1.0.2", "1.0.0", "1.0.2"]) await repair(id, { to });
  expect(await repair(id, { to: "1.0.2" })).toMatchObject({ status: "checked", checks: [{ status: "same" }] });
  await platform.kill("host");
  expect(await finish(id)).toEqual({ text: "booked by 1.0.2, fee of 1.0.0" });
});

it("takes two repairs at once one after the other, or tells the second that another is under way", async () => {
  const id = await nextTask();
  const both = await Promise.allSettled([repair(id, { to: "1.0.1" }), repair(id, { to: "1.0.2" })]);
  const done = both.filter(({ status }) => status === "fulfilled");
  expect(done.length).toBeGreaterThan(0);
  for (const one of both) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "REPAIR_REFUSED" });
  const [own] = (await get(id)).code ?? [];
  expect(await finish(id)).toEqual({ text: `booked by ${own?.code.version}, fee of 1.0.0` });
});

it("loses neither an answer nor a repair that come at the same moment", async () => {
  const id = await nextTask();
  await repair(id, { to: "1.0.1" });
  const [repaired] = await Promise.allSettled([repair(id, { to: "1.0.2" }), platform.ntro("run", "approve", id)]);
  await expect.poll(async () => (await get(id)).status).toBe("COMPLETED");
  const { result } = await get(id);
  if (repaired.status === "rejected") expect(result).toEqual({ text: "booked by 1.0.1, fee of 1.0.0" });
  else
    expect(["booked by 1.0.1, fee of 1.0.0", "booked by 1.0.2, fee of 1.0.0"]).toContain(
      (result as { text: string }).text,
    );
});

it("repairs a child that runs, alone, and reports for every open task", async () => {
  await platform.json("runbook", "promote", "books@1.0.1", "--tenant", "acme-fund");
  await platform.json("runbook", "promote", "fees@1.0.0", "--tenant", "acme-fund");
  const id = await start({ ask: true });
  await openReviews(platform, id);
  await platform.ntro("run", "approve", id);
  await expect.poll(async () => (await openReviews(platform, id))[0]?.title).toBe("The fee?");
  const report = await platform.ntro("run", "repair", "--all-open", "fees", "--to", "1.0.1", "--tenant", "acme-fund");
  expect(report).toMatchObject({ code: 0, stdout: expect.stringContaining(`${id}:book:fees`) });
  const applied = await repair(id, { children: { fees: "1.0.1" } });
  expect(applied.checks).toMatchObject([{ workflowId: `${id}:book:fees`, status: "fits" }]);
  const code = (await get(id)).code?.map((each) => [each.workflowId, each.code.version]);
  expect(code).toEqual([
    [id, "1.0.1"],
    [`${id}:book:fees`, "1.0.1"],
  ]);
  expect(await finish(id)).toEqual({ text: "booked by 1.0.1, fee of 1.0.1" });
});
