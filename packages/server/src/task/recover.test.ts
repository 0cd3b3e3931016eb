import { randomUUID } from "node:crypto";
import { decideUpdate, NtroError, UPDATES } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptedPlatform, until } from "../../../../test/support/scripted-platform";
import type { ScriptLine } from "../../../../test/support/scripted-workflow";
import { type Answer, insertAnswer } from "../store/answers";
import { inTransaction } from "../store/database";
import { insertTask } from "../store/tasks";
import { lookAtStale } from "./recover";

const REVIEW: ScriptLine = { do: "review", title: "R" };
const ANN = { id: "k1", name: "Ann", via: "person" } as const;

let platform: ScriptedPlatform;
let workflowId: string;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  workflowId = (await platform.bind()).id;
});
afterAll(async () => {
  await platform?.stop();
});

async function refusal(work: Promise<unknown>): Promise<NtroError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof NtroError) return thrown;
  throw new Error(`not refused: ${String(thrown)}`);
}

/** A task's row as a crash right after its transaction leaves it. */
async function recordTask(script: readonly ScriptLine[]): Promise<string> {
  const { db } = platform.server.services;
  const [revision] = await db.selectFrom("revisions").selectAll().execute();
  const workflow = await db.selectFrom("workflows").selectAll().where("id", "=", workflowId).executeTakeFirstOrThrow();
  const id = randomUUID();
  await inTransaction(db, (trx) =>
    insertTask(trx, {
      id,
      tenantId: workflow.tenant_id,
      entityId: workflow.entity_id,
      workflowId,
      revisionId: revision?.id ?? "",
      title: "NAV",
      context: { period: "2026-03", script },
      priority: null,
      createdBy: "Ann",
      nominalTime: null,
      period: "2026-03",
      lock: {},
    }),
  );
  return id;
}

/** An approval that was written and not settled, as a crash leaves it. */
async function writeApproval(task: { id: string; tenantId: string }, gate: string): Promise<Answer> {
  const argument = decideUpdate({
    gate,
    decision: "approved",
    reason: undefined,
    corrections: [],
    actor: ANN,
    at: new Date().toISOString(),
  });
  const answer: Answer = {
    id: randomUUID(),
    taskId: task.id,
    workflowId: task.id,
    gate,
    updateName: UPDATES.decide,
    argument,
    shown: {},
    shownDigest: "d",
    actor: ANN,
    createdAt: new Date(),
  };
  await insertAnswer(platform.server.services.tenantDatabases, task.tenantId, answer);
  return answer;
}

async function outcomes(task: { id: string; tenantId: string }) {
  const rows = await platform.server.services.tenantDatabases.query<{ outcome: string | null }>(
    task.tenantId,
    "select outcome from ntro.answers where task_id = $1 order by created_at",
    [task.id],
  );
  return rows.map((row) => row.outcome);
}

const approve = (id: string, body: object = {}) => platform.client.call("tasks.approve", { params: { id }, body });
const decisions = async (id: string) => (await platform.happened(id)).filter((type) => type === "task.decided").length;

describe("a server that was killed", () => {
  it("between a task's row and its start starts it, once", async () => {
    const id = await recordTask([REVIEW]);
    expect((await platform.task(id)).status).toBe("PENDING");
    await platform.restartServer();
    const started = await until(async () => ((await platform.task(id)).status === "READY" ? true : undefined));
    expect(started).toBe(true);
    await platform.server.upkeep.tick();
    expect((await platform.happened(id)).filter((type) => type === "task.started")).toHaveLength(1);
    await platform.client.call("tasks.cancel", { params: { id }, body: {} });
  });

  it("after a task's start finds the execution that runs", async () => {
    const id = await recordTask([REVIEW]);
    await platform.server.services.engine.start({
      workflowId: id,
      workflowType: "nav@1.0.0+000000000000",
      taskQueue: "ntro/acme/ts",
      input: { script: [REVIEW] },
      lock: {},
      tenantSlug: "acme",
    });
    await platform.restartServer();
    await until(async () => ((await platform.task(id)).status === "READY" ? true : undefined));
    expect((await platform.task(id)).execution?.workflowType).toBe("nav@1.0.0+000000000000");
    await platform.client.call("tasks.cancel", { params: { id }, body: {} });
  });

  it("between an answer's row and its sending sends it", async () => {
    const { task, gate } = await platform.runToGate([REVIEW, { ...REVIEW, title: "Second" }]);
    await writeApproval(task, gate);
    await platform.restartServer();
    await until(async () => ((await outcomes(task))[0] === "accepted" ? true : undefined));
    expect((await platform.server.services.engine.state(task.id)).gates.map((each) => each.title)).toEqual(["Second"]);
    expect(await decisions(task.id)).toBe(1);
    const again = await refusal(approve(task.id, { gate }));
    expect(again).toMatchObject({ code: "GATE_NOT_OPEN", message: expect.stringMatching(/approved by Ann at 20/) });
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("between an answer's sending and its settling settles it, without giving it again", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    const answer = await writeApproval(task, gate);
    await platform.server.services.engine.update(task.id, UPDATES.decide, answer.id, answer.argument);
    await platform.restartServer();
    await until(async () => ((await outcomes(task))[0] === "accepted" ? true : undefined));
    const ended = await platform.ended(task.id);
    expect(ended.result).toMatchObject({ answers: [{ gate }] });
    expect(await decisions(task.id)).toBe(1);
  });

  it("has its unsent answer go before another's", async () => {
    const { task, gate } = await platform.runToGate([REVIEW, { ...REVIEW, title: "Second" }]);
    await writeApproval(task, gate);
    expect((await refusal(approve(task.id))).message).toContain("approved by Ann");
    expect(await outcomes(task)).toEqual(["accepted"]);
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("while a task ended ends its row, without any report", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    await platform.server.services.engine.update(task.id, UPDATES.decide, randomUUID(), { gate });
    await platform.restartServer();
    expect((await platform.ended(task.id)).status).toBe("COMPLETED");
  });
});

describe("a Temporal that is away", () => {
  it("delays tasks, and loses none", async () => {
    await platform.wayToTemporal.cut();
    const task = await platform.run([REVIEW]);
    expect(task.status).toBe("PENDING");
    expect(await platform.next(task.id)).toMatchObject({ action: "wait" });
    expect((await refusal(approve(task.id))).code).toBe("ENGINE_UNAVAILABLE");
    await platform.wayToTemporal.open();
    await platform.restartServer();
    await until(async () => ((await platform.task(task.id)).status === "READY" ? true : undefined));
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("that has forgotten a task loses it, which is said", async () => {
    const id = await recordTask([REVIEW]);
    const { services } = platform.server;
    await services.db.updateTable("tasks").set({ status: "IN_PROGRESS" }).where("id", "=", id).execute();
    await lookAtStale(services, undefined, 0);
    expect(await platform.task(id)).toMatchObject({ status: "FAILED", failure: { type: "Lost" } });
  });
});

describe("reports", () => {
  it("that were lost are made up for when somebody looks", async () => {
    const { id } = await platform.run([REVIEW]);
    await until(async () => (await platform.server.services.engine.state(id)).gates[0]);
    expect((await platform.task(id)).gates).toEqual([]);
    expect(await platform.next(id)).toMatchObject({ action: "review" });
    expect(await platform.task(id)).toMatchObject({ status: "BLOCKED", gates: [{ title: "R" }] });
    await platform.client.call("tasks.cancel", { params: { id }, body: {} });
  });

  it("about what is not there, or not the host's, change nothing", async () => {
    const { task } = await platform.runToGate([REVIEW]);
    const other = await platform.client.call("tenants.create", {
      body: { name: "Other", slug: `other-${randomUUID().slice(0, 8)}` },
    });
    const stranger = platform.server.client(await platform.server.makeKey("worker", other.id));
    const report = {
      kind: "code_failing" as const,
      workflow_id: task.id,
      run_id: "r",
      workflow_type: "x",
      at: new Date().toISOString(),
      failure: { type: "x", message: "x" },
    };
    const nowhere = { ...report, workflow_id: randomUUID() };
    await stranger.call("worker.report", {
      body: { reports: [report, nowhere, { ...report, workflow_id: "no-uuid" }] },
    });
    expect(await platform.task(task.id)).toMatchObject({ status: "BLOCKED", failure: null });
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });
});

describe("a host that is away", () => {
  it("is said to whoever asks, and does not keep a task from being cancelled", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    await platform.stopWorker();
    const [next, refused] = await Promise.all([platform.next(task.id), refusal(approve(task.id, { gate }))]);
    expect(next).toMatchObject({ action: "unknown", reason: expect.stringContaining("No host answers") });
    expect(refused.code).toBe("TASK_UNREACHABLE");
    const ended = await platform.client.call("tasks.cancel", { params: { id: task.id }, body: { reason: "late" } });
    expect(ended).toMatchObject({
      status: "FAILED",
      failure: { type: "Cancelled", message: expect.stringContaining("late") },
    });
    await platform.startWorker();
  });
});
