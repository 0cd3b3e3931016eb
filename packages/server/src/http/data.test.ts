import { NtroError } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptedPlatform } from "../../../../test/support/scripted-platform";

let platform: ScriptedPlatform;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  await platform.bind();
});
afterAll(async () => {
  await platform?.stop();
});

function ingest(id: string, body: object) {
  return platform.client.call("tasks.ingestData", { params: { id }, body: body as { data: Record<string, unknown> } });
}

async function refusal(work: Promise<unknown>): Promise<NtroError> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof NtroError) return thrown;
  throw new Error(`not refused: ${String(thrown)}`);
}

function records(tenantId: string, taskId: string) {
  return platform.server.services.tenantDatabases.query(
    tenantId,
    "select id, entity_slug, kind, source_ref, data from ingest.submitted_records where task_id = $1 order by data->>'n'",
    [taskId],
  );
}

const ROWS = [
  { n: 1, vendor: "Acme", amount: "12.50" },
  { n: 2, vendor: "Beta", amount: "7.00" },
];

describe("rows as data", () => {
  it("are kept in the tenant's database, and given to the runbook once", async () => {
    const { id, tenantId } = await platform.run([{ do: "rows", kind: "expense" }]);
    const source_ref = { system: "ledger", batch: 7 };
    const { event_ids } = await ingest(id, { kind: "expense", data: ROWS, source_ref });
    expect(await records(tenantId, id)).toEqual(
      ROWS.map((data, index) => ({ id: event_ids[index], entity_slug: "spv1", kind: "expense", source_ref, data })),
    );
    await platform.report(id, "completed");
    const { result } = await platform.ended(id);
    expect(result).toMatchObject({
      answers: [
        {
          records: ROWS.map((data, index) => ({
            event_id: event_ids[index],
            kind: "expense",
            tenant_slug: "acme",
            entity_slug: "spv1",
            source_ref,
            data,
            received_at: expect.stringMatching(/Z$/),
          })),
          actedBy: { name: "Local admin" },
        },
      ],
    });
    // What is told of it names no row.
    const logs = await platform.client.call("tasks.logs", { params: { id }, query: {} });
    const told = logs.find(({ type }) => type === "task.data_submitted");
    expect(told?.payload).toEqual({ workflowId: id, kind: "expense", rows: 2, by: "Local admin" });
    const ended = await refusal(ingest(id, { data: ROWS[0] ?? {} }));
    expect(ended.code).toBe("TASK_CLOSED");
  });

  it("are refused and not kept where the runbook takes none, or none of the kind", async () => {
    const { task } = await platform.runToGate([{ do: "review", title: "Look" }]);
    expect(await refusal(ingest(task.id, { kind: "expense", data: ROWS }))).toMatchObject({
      code: "DATA_NOT_TAKEN",
      message: "The runbook takes no rows as data.",
    });
    const { id } = await platform.run([{ do: "rows", kind: "expense" }]);
    expect(await refusal(ingest(id, { kind: "invoice", data: { n: 1 } }))).toMatchObject({
      code: "DATA_NOT_TAKEN",
      message: "Only expense.",
    });
    for (const each of [task.id, id]) expect(await records(task.tenantId, each)).toEqual([]);
    const open = await platform.server.services.tenantDatabases.query(
      task.tenantId,
      "select outcome from ntro.answers where task_id = any($1::uuid[])",
      [[task.id, id]],
    );
    expect(open).toEqual([{ outcome: "refused" }, { outcome: "refused" }]);
    for (const each of [task.id, id]) await platform.client.call("tasks.cancel", { params: { id: each }, body: {} });
  });

  it.each([
    ["no rows", { data: [] }],
    ["too many rows", { data: Array.from({ length: 1001 }, () => ({})) }],
    ["what is no row", { data: ["x"] }],
    ["no data", { kind: "expense" }],
    ["fields of another route", { data: {}, gate: "x" }],
  ])("are refused when they are %s", async (_, body) => {
    expect((await refusal(ingest(crypto.randomUUID(), body))).code).toBe("REQUEST_INVALID");
  });

  it("are refused over a mebibyte, and for a task that is not there", async () => {
    const large = { data: { text: "x".repeat(1024 * 1024) } };
    expect((await refusal(ingest(crypto.randomUUID(), large))).code).toBe("BODY_TOO_LARGE");
    expect((await refusal(ingest(crypto.randomUUID(), { data: {} }))).code).toBe("TASK_NOT_FOUND");
  });
});

describe("what models think aloud", () => {
  const event = (seq: number, chunk: string) => ({
    type: "reasoning.delta",
    source: "worker",
    sourceLabel: "ntro-worker",
    seq,
    groupKey: "document_ingest.extract_fields",
    payload: { phase: "delta", chunk, activityName: "document_ingest.extract_fields" },
  });

  it("comes with the published SDK's own header, and is read in order", async () => {
    const { id, tenantId } = await platform.run([{ do: "rows", kind: "expense" }]);
    const desired = await platform.server.client(platform.server.keys.worker).call("worker.desired", {});
    const key = desired.tenants.find((tenant) => tenant.id === tenantId)?.authorKey ?? "";
    const send = (headers: Record<string, string>, body: unknown) =>
      fetch(`${platform.server.url}/v1/tasks/${id}:collect:document-ingest/events`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    for (const [seq, chunk] of ["The", " first"].entries())
      expect((await send({ "x-ntro-events-key": key }, event(1_500_000_000 + seq, chunk))).status).toBe(200);
    const read = (since: number) => platform.client.call("tasks.listReasoning", { params: { id }, query: { since } });
    const all = await read(0);
    expect(all.map(({ payload }) => payload.chunk)).toEqual(["The", " first"]);
    expect((await read(all[0]?.id ?? 0)).map(({ payload }) => payload.chunk)).toEqual([" first"]);

    expect((await send({}, event(1, "x"))).status).toBe(401);
    expect((await send({ "x-ntro-events-key": "ntro_wrong" }, event(1, "x"))).status).toBe(401);
    expect((await send({ "x-ntro-events-key": platform.server.keys.admin }, event(1, "x"))).status).toBe(403);
    // The header is good for these events alone.
    const elsewhere = await fetch(`${platform.server.url}/v1/me`, { headers: { "x-ntro-events-key": key } });
    expect(elsewhere.status).toBe(401);
    await platform.client.call("tasks.cancel", { params: { id }, body: {} });
  });
});
