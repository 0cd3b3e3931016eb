import { randomUUID } from "node:crypto";
import { NtroError } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptedPlatform, until } from "../../../../test/support/scripted-platform";
import type { ScriptLine } from "../../../../test/support/scripted-workflow";

const COLUMNS = [
  { key: "id", label: "Id", type: "text", editable: false },
  { key: "account", label: "Account", type: "text", editable: true },
  { key: "debit", label: "Debit", type: "currency", currency: "GBP", editable: true },
];
const ROWS = [
  { id: "j1", account: "4000", debit: "1250.00" },
  { id: "j2", account: "5000", debit: "0.00" },
];
const REVIEW: ScriptLine = { do: "review", title: "Journals", rows: ROWS, columns: COLUMNS };

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

async function countTasks(): Promise<number> {
  return (await platform.client.call("tasks.list", { query: { limit: 500 } })).length;
}

const approve = (id: string, body: object = {}, key?: string) =>
  platform.server.client(key).call("tasks.approve", { params: { id }, body });
const reject = (id: string, body: object = {}) => platform.client.call("tasks.reject", { params: { id }, body });

describe("starting a task", () => {
  it("runs it to its end and keeps its result", async () => {
    const task = await platform.run([]);
    expect(task).toMatchObject({
      title: expect.stringContaining("2026-03 · SPV1"),
      status: "READY",
      runbookSlug: "nav",
      runbookVersion: "1.0.0",
      tenantSlug: "acme",
      entitySlug: "spv1",
      workflowId,
    });
    await platform.report(task.id, "completed");
    const ended = await platform.ended(task.id);
    expect(ended).toMatchObject({
      status: "COMPLETED",
      result: { answers: [] },
      execution: { workflowType: expect.stringMatching(/^nav@1\.0\.0\+/) },
    });
    expect(ended.executionEvents.at(-1)?.eventType).toBe("WorkflowExecutionCompleted");
    expect(await platform.next(task.id)).toMatchObject({ action: "done", result: { answers: [] } });
    expect(await platform.happened(task.id)).toEqual([
      "task.created",
      "task.started",
      "task.step_started",
      "task.completed",
    ]);
    await platform.server.upkeep.tick();
    const records = await platform.server.services.tenantDatabases.query(
      task.tenantId,
      "select state from ntro.task_records where task_id = $1",
      [task.id],
    );
    expect(records).toMatchObject([{ state: { steps: [{ id: "work" }], gates: [] } }]);
  });

  it("is done once for an Idempotency-Key", async () => {
    const idempotencyKey = randomUUID();
    const first = await platform.run([], { idempotencyKey });
    expect((await platform.run([], { idempotencyKey })).id).toBe(first.id);
    expect((await refusal(platform.run([REVIEW], { idempotencyKey }))).code).toBe("IDEMPOTENCY_MISMATCH");
  });

  it("is refused for parameters that do not fit, and then nothing is started", async () => {
    const before = await countTasks();
    const body = { tenantId: "acme", workflowId: "nav", context: { period: "2026-13" } };
    const wrong = await refusal(platform.client.call("tasks.create", { body }));
    expect(wrong).toMatchObject({
      code: "INPUT_INVALID",
      details: [{ field: "period", expected: "YYYY-MM, such as 2026-03" }],
    });
    const missing = await refusal(platform.client.call("tasks.create", { body: { ...body, context: {} } }));
    expect(missing.message).toContain("period: is missing");
    const configure = (config: object) =>
      platform.client.call("tenants.update", { params: { tenant: "acme" }, body: { config: { ...config } } });
    await configure({ big: "x".repeat(600_000) });
    const large = await refusal(
      platform.client.call("tasks.create", { body: { ...body, context: { period: "2026-03" } } }),
    );
    expect(large.message).toContain("over the limit");
    await configure({});
    expect(await countTasks()).toBe(before);
  });

  it("is refused for names that mean nothing, or several things", async () => {
    const start = (body: { tenantId: string; workflowId: string; entityId?: string }) =>
      refusal(platform.client.call("tasks.create", { body: { context: { period: "2026-03" }, ...body } }));
    expect(await start({ tenantId: "acm", workflowId: "nav" })).toMatchObject({
      code: "TENANT_NOT_FOUND",
      hint: "Did you mean acme?",
    });
    expect(await start({ tenantId: "acme", workflowId: "nva" })).toMatchObject({
      code: "WORKFLOW_NOT_FOUND",
      hint: "Did you mean nav?",
    });
    expect(await start({ tenantId: "acme", entityId: "spv2", workflowId: "nav" })).toMatchObject({
      code: "ENTITY_NOT_FOUND",
      hint: "Did you mean spv1?",
    });
    await platform.newEntity("spv9");
    const other = await platform.bind({ entity: "spv9" });
    expect((await start({ tenantId: "acme", workflowId: "nav" })).code).toBe("WORKFLOW_AMBIGUOUS");
    await platform.client.call("workflows.delete", { params: { id: other.id } });
  });
});

describe("deciding", () => {
  it("approves with corrections, and keeps who saw what", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    expect(task).toMatchObject({
      status: "BLOCKED",
      awaiting: "DATA_TABLE",
      gates: [{ token: gate, title: "Journals" }],
    });
    expect(await platform.next(task.id)).toMatchObject({
      action: "review",
      gate,
      payload: { rows: ROWS },
      tools: ["ntro_task_approve", "ntro_task_reject"],
    });
    const answered = await approve(task.id, { gate, corrections: [{ line: "1", field: "debit", value: "1300.5" }] });
    expect(answered).toMatchObject({ status: "IN_PROGRESS", gates: [], awaiting: null });
    await platform.report(task.id, "completed");
    const ended = await platform.ended(task.id);
    expect(ended.result).toMatchObject({
      answers: [
        {
          gate,
          type: "approved",
          kind: "approve",
          corrections: [
            { row_id: "j1", line_item_id: "j1", field: "debit", old_value: "1250.00", new_value: "1300.50" },
          ],
        },
      ],
    });
    expect(await platform.happened(task.id)).toEqual([
      "task.created",
      "task.started",
      "task.step_started",
      "task.gate_opened",
      "task.decided",
      "task.gate_closed",
      "task.completed",
    ]);
    const audit = await platform.server.services.db
      .selectFrom("audit")
      .selectAll()
      .where("subject", "=", `task:${task.id}`)
      .orderBy("seq")
      .execute();
    expect(audit.map((row) => row.action)).toEqual(["task.created", "task.decided", "task.completed"]);
    expect(audit[1]).toMatchObject({
      shown_digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      detail: { decision: "approved", corrections: 1 },
    });
    expect(JSON.stringify(audit)).not.toContain("1250.00");
  });

  it("is refused a second time, saying who was first", async () => {
    const { task, gate } = await platform.runToGate([REVIEW, { ...REVIEW, title: "Second" }]);
    await approve(task.id, { gate });
    const twice = await refusal(approve(task.id, { gate }));
    expect(twice.code).toBe("GATE_NOT_OPEN");
    expect(twice.message).toMatch(/It was approved by .+ at 20/);
    expect(twice.hint).toContain("Second");
    expect((await platform.server.services.engine.state(task.id)).gates.map((each) => each.title)).toEqual(["Second"]);
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("is refused where nothing waits", async () => {
    const { task } = await platform.runToGate([{ do: "files", sources: ["tb"] }]);
    expect(await refusal(approve(task.id))).toMatchObject({
      code: "GATE_NOT_OPEN",
      hint: expect.stringContaining("Submit tb"),
    });
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
    expect((await refusal(approve(task.id))).code).toBe("TASK_CLOSED");
    expect((await refusal(approve(randomUUID()))).code).toBe("TASK_NOT_FOUND");
    expect((await refusal(approve("no-uuid"))).code).toBe("TASK_NOT_FOUND");
  });

  it("asks which of several", async () => {
    const { task } = await platform.runToGate([{ do: "together", lines: [REVIEW, { ...REVIEW, title: "Second" }] }]);
    const both = await refusal(approve(task.id));
    expect(both).toMatchObject({ code: "GATE_AMBIGUOUS" });
    expect(both.details).toHaveLength(2);
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("needs a reason to reject, and corrections that fit, else nothing is decided", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    expect((await refusal(reject(task.id))).code).toBe("REASON_REQUIRED");
    const wrong = await refusal(
      approve(task.id, {
        corrections: [
          { line: "9", field: "debit", value: "1" },
          { line: "j1", field: "id", value: "x" },
        ],
      }),
    );
    expect(wrong).toMatchObject({
      code: "CORRECTION_REFUSED",
      hint: "The review has lines 1 to 2 (ids j1, j2); editable: account, debit.",
    });
    expect((await platform.server.services.engine.state(task.id)).gates[0]?.token).toBe(gate);
    expect(
      await platform.server.services.tenantDatabases.query(
        task.tenantId,
        "select 1 from ntro.answers where task_id = $1",
        [task.id],
      ),
    ).toEqual([]);
    await reject(task.id, { reason: "The bank statement is missing." });
    await platform.report(task.id, "completed");
    expect((await platform.ended(task.id)).result).toMatchObject({
      answers: [{ type: "rejected", kind: "reject", reason: "The bank statement is missing." }],
    });
  });

  it("passes on what workflow code refuses", async () => {
    const { task } = await platform.runToGate([{ do: "refuse answers", title: "x" }]);
    expect(await refusal(approve(task.id))).toMatchObject({ code: "CORRECTION_REFUSED", message: "No." });
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("lets one of two win", async () => {
    const { task, gate } = await platform.runToGate([REVIEW, { ...REVIEW, title: "Second" }]);
    const reviewer = await platform.server.makeKey("reviewer");
    const outcomes = await Promise.allSettled([
      approve(task.id, { gate }),
      approve(task.id, { gate }, reviewer),
      reject(task.id, { gate, reason: "no" }),
    ]);
    const lost = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(1);
    expect(lost.map((error: NtroError) => error.code)).toEqual(["GATE_NOT_OPEN", "GATE_NOT_OPEN"]);
    const decided = (await platform.happened(task.id)).filter((type) => type === "task.decided");
    expect(decided).toHaveLength(1);
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });

  it("changes a row while the review is open", async () => {
    const { task, gate } = await platform.runToGate([REVIEW]);
    const change = (body: object) =>
      platform.client.call("tasks.rowAction", {
        params: { id: task.id },
        body: { action: "edit_cell", rowId: "j1", field: "debit", value: "9", ...body },
      });
    await change({});
    expect((await refusal(change({ rowId: "j7" }))).code).toBe("CORRECTION_REFUSED");
    expect((await refusal(change({ field: undefined }))).code).toBe("CORRECTION_REFUSED");
    await change({ action: "reject_row", rowId: "2", field: undefined, value: undefined });
    await approve(task.id, { gate });
    await platform.report(task.id, "completed");
    expect((await platform.ended(task.id)).result).toMatchObject({
      answers: [
        { action: "edit_cell", row_id: "j1", field: "debit", value: "9.00", old_value: "1250.00" },
        { action: "reject_row", row_id: "j2" },
        { type: "approved" },
      ],
    });
    expect((await platform.happened(task.id)).filter((type) => type === "task.row_changed")).toHaveLength(2);
  });

  it("reaches a gate of a child, by the task or by the child's id", async () => {
    const child = (slug: string): ScriptLine => ({
      do: "child",
      slug,
      type: "ingest@1.0.0+0123456789ab",
      queue: "ntro/acme/ts",
      script: [REVIEW],
    });
    const { id } = await platform.run([child("ingest"), child("again")]);
    const childGate = (slug: string) =>
      until(async () => (await platform.server.services.engine.state(`${id}:work:${slug}`)).gates[0]?.token);
    await childGate("ingest");
    expect(await platform.next(id)).toMatchObject({ action: "review", task_id: `${id}:work:ingest`, root_task_id: id });
    await approve(id);
    await childGate("again");
    await approve(`${id}:work:again`);
    await until(async () =>
      (await platform.server.services.engine.describe(id)).status === "completed" ? true : undefined,
    );
    await platform.server.upkeep.tick();
    expect((await platform.ended(id)).status).toBe("COMPLETED");
  });
});

describe("cancelling", () => {
  it("ends a task that waits, saying who and why", async () => {
    const { task } = await platform.runToGate([REVIEW]);
    const ended = await platform.client.call("tasks.cancel", {
      params: { id: task.id },
      body: { reason: "wrong month" },
    });
    expect(ended).toMatchObject({
      status: "FAILED",
      failure: { type: "Cancelled", message: expect.stringMatching(/^Cancelled by .+: wrong month$/) },
    });
    expect(await platform.next(task.id)).toMatchObject({ action: "error_terminal", failure: { type: "Cancelled" } });
    expect((await refusal(platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} }))).code).toBe(
      "TASK_CLOSED",
    );
  });

  it("ends a task whose code is failing, which cannot be answered meanwhile", async () => {
    const { id } = await platform.run([{ do: "bug" }]);
    const about = {
      workflow_id: id,
      run_id: "r",
      workflow_type: "nav@1.0.0+0123456789ab",
      at: new Date().toISOString(),
    };
    await platform.send({
      ...about,
      kind: "code_failing",
      failure: { type: "TypeError", message: "a bug in workflow code", stackTrace: "at run" },
    });
    expect(await platform.task(id)).toMatchObject({
      status: "BLOCKED",
      failure: { type: "CodeFailing", message: "a bug in workflow code", stackTrace: "at run" },
    });
    expect(await platform.next(id)).toMatchObject({
      action: "wait",
      reason: "workflow code failing: a bug in workflow code",
    });
    expect(await refusal(approve(id))).toMatchObject({
      code: "TASK_UNREACHABLE",
      message: expect.stringContaining("a bug in workflow code"),
    });
    expect((await platform.client.call("tasks.cancel", { params: { id }, body: {} })).status).toBe("FAILED");
  });
});

describe("lists", () => {
  it("are pages, newest first, of what the caller may see", async () => {
    const { task } = await platform.runToGate([REVIEW]);
    const blocked = await platform.client.call("tasks.list", {
      query: { status: "BLOCKED", tenant: "acme", entity: "spv1" },
    });
    expect(blocked.map((each) => each.id)).toEqual([task.id]);
    const all = await platform.client.call("tasks.list", { query: { limit: 500 } });
    expect(all[0]?.id).toBe(task.id);
    expect(await platform.client.call("schedule.list", { query: { workflowId, limit: 2 } })).toHaveLength(2);
    expect((await platform.client.call("entities.tasks", { params: { tenant: "acme", entity: "spv1" } }))[0]?.id).toBe(
      task.id,
    );
    const other = await platform.client.call("tenants.create", { body: { name: "Other", slug: "other" } });
    const stranger = platform.server.client(await platform.server.makeKey("operator", other.id));
    expect(await stranger.call("tasks.list", {})).toEqual([]);
    expect((await refusal(stranger.call("tasks.get", { params: { id: task.id } }))).code).toBe("TASK_NOT_FOUND");
    expect((await refusal(stranger.call("tasks.approve", { params: { id: task.id }, body: {} }))).code).toBe(
      "TASK_NOT_FOUND",
    );
    await platform.client.call("tasks.cancel", { params: { id: task.id }, body: {} });
  });
});
