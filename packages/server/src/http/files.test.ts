import { createHash } from "node:crypto";
import { NtroError } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptedPlatform, until } from "../../../../test/support/scripted-platform";

const CSV = "account;amount\n4000;1250.00\n";
let platform: ScriptedPlatform;

beforeAll(async () => {
  platform = await ScriptedPlatform.start();
  await platform.bind();
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

function submit(
  id: string,
  name: string,
  content: string | Uint8Array<ArrayBuffer>,
  over: { source?: string; gate?: string } = {},
) {
  return platform.client.submitFile(id, { name, content: new Blob([content]), ...over });
}

async function post(
  id: string,
  body: FormData | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown; message: string }> {
  const response = await fetch(`${platform.server.url}/v1/workspace/tasks/${id}/files`, {
    method: "POST",
    headers: { authorization: `Bearer ${platform.server.keys.admin}`, ...headers },
    body,
  });
  const answer: unknown = await response.json();
  const { code, message } = answer as { code: unknown; message: string };
  return { status: response.status, code, message };
}

async function documents(tenantId: string, taskId: string) {
  return platform.server.services.tenantDatabases.query(
    tenantId,
    "select source, filename, content_type, size_bytes::int as size, sha256, period, entity_slug, data_bytes from ingest.submitted_documents where task_id = $1 order by source",
    [taskId],
  );
}

const cancel = (id: string) => platform.client.call("tasks.cancel", { params: { id }, body: {} });

describe("files that children take", () => {
  it("are asked for once, reach the child, and leave its review to be answered", async () => {
    const queue = "ntro/acme/ts";
    const after = [{ do: "review" as const, title: "Check", rows: [{ id: "1", amount: "1.00" }] }];
    const { task } = await platform.runToGate([
      { do: "collect", sources: ["tb", "rr"], type: "ingest@1.0.0+0123456789ab", queue, after },
    ]);
    const { engine } = platform.server.services;
    for (const source of ["tb", "rr"])
      await until(async () => (await engine.state(`${task.id}:work:ingest:${source}`)).gates[0]);
    const next = await platform.next(task.id);
    expect(next).toMatchObject({ action: "submit_file", args: { source: "tb" }, expected: [{}, {}] });
    expect("gates" in next && next.gates).toHaveLength(1);
    expect(await refusal(submit(task.id, "tb.csv", CSV))).toMatchObject({ code: "GATE_AMBIGUOUS" });
    const list = "gate" in next ? next.gate : "";
    // What the child takes holds, though the list says nothing of it.
    expect((await refusal(submit(task.id, "tb.pdf", "%PDF-1.7", { source: "tb", gate: list }))).code).toBe(
      "FILE_TYPE_REJECTED",
    );
    await submit(task.id, "tb.csv", CSV, { source: "tb", gate: list });
    expect(await platform.next(task.id)).toMatchObject({
      action: "submit_file",
      args: { source: "rr" },
      expected: [{ status: "processing" }, { status: "pending" }],
    });
    expect((await refusal(submit(task.id, "tb.csv", CSV, { source: "tb" }))).code).toBe("GATE_NOT_OPEN");
    // The only one that is still to come.
    await submit(task.id, "rr.csv", CSV);
    expect(await platform.next(task.id)).toMatchObject({ action: "review", task_id: `${task.id}:work:ingest:tb` });
    for (const source of ["tb", "rr"])
      await platform.client.call("tasks.approve", { params: { id: `${task.id}:work:ingest:${source}` }, body: {} });
    await until(async () => ((await engine.describe(task.id)).status === "completed" ? true : undefined));
  });
});

describe("submitting a file", () => {
  it("keeps it in the tenant's database and hands it to the gate", async () => {
    const { task, gate } = await platform.runToGate([{ do: "files", sources: ["tb", "rr"], accept: ["csv", "pdf"] }]);
    const first = await submit(task.id, "../evil\\tb.csv", CSV, { source: "tb" });
    const sha256 = createHash("sha256").update(CSV).digest("hex");
    expect(first).toMatchObject({
      gate,
      document: { source: "tb", filename: "tb.csv", content_type: "text/csv", size_bytes: CSV.length, sha256 },
      task: { id: task.id },
    });
    expect(await refusal(submit(task.id, "tb.csv", CSV, { source: "tb" }))).toMatchObject({
      code: "GATE_NOT_OPEN",
      message: expect.stringContaining("submitted already"),
    });
    expect(await platform.next(task.id)).toMatchObject({ action: "submit_file", args: { source: "rr" } });
    // The only one still missing needs no name.
    const second = await submit(task.id, "roll.pdf", "%PDF-1.7\n…", { gate });
    expect(second.document.source).toBe("rr");
    await platform.report(task.id, "completed");
    const ended = await platform.ended(task.id);
    expect(ended.result).toMatchObject({
      answers: [
        { source: "tb", document_ref: first.document.document_ref, tenant_slug: "acme", entity_slug: "spv1" },
        { source: "rr" },
      ],
    });
    const kept = await documents(task.tenantId, task.id);
    expect(kept).toMatchObject([
      { source: "rr" },
      { source: "tb", filename: "tb.csv", size: CSV.length, sha256, period: "2026-03", entity_slug: "spv1" },
    ]);
    expect(kept[1]?.data_bytes).toEqual(Buffer.from(CSV));
    expect((await platform.happened(task.id)).filter((type) => type === "task.file_submitted")).toHaveLength(2);
  });

  it("refuses what does not fit the slot, and keeps nothing", async () => {
    const { task } = await platform.runToGate([
      { do: "files", sources: ["tb"], accept: ["csv", "xlsx"], maxSizeMb: 1 },
    ]);
    expect(await refusal(submit(task.id, "tb.pdf", "%PDF-1.7"))).toMatchObject({
      code: "FILE_TYPE_REJECTED",
      hint: '"tb" takes csv, xlsx.',
    });
    expect((await refusal(submit(task.id, "tb.xlsx", CSV))).code).toBe("FILE_TYPE_REJECTED");
    expect((await refusal(submit(task.id, "tb.csv", ""))).code).toBe("FILE_EMPTY");
    expect((await refusal(submit(task.id, "tb.csv", "a".repeat(1024 * 1024 + 1)))).code).toBe("FILE_TOO_LARGE");
    expect((await refusal(submit(task.id, "tb.csv", "a".repeat(3 * 1024 * 1024)))).code).toBe("FILE_TOO_LARGE");
    expect(await refusal(submit(task.id, "tb.csv", CSV, { source: "bank" }))).toMatchObject({
      code: "GATE_NOT_OPEN",
      message: expect.stringContaining('no file "bank"'),
    });
    expect((await refusal(submit(task.id, "tb.csv", CSV, { gate: "old" }))).code).toBe("GATE_NOT_OPEN");
    expect(await documents(task.tenantId, task.id)).toEqual([]);
    await submit(task.id, "tb.csv", CSV);
    expect(await documents(task.tenantId, task.id)).toHaveLength(1);
    await cancel(task.id);
    expect((await refusal(submit(task.id, "tb.csv", CSV))).code).toBe("TASK_CLOSED");
  });

  it("asks which, where several are missing", async () => {
    const { task } = await platform.runToGate([{ do: "files", sources: ["tb", "rr"] }]);
    expect((await refusal(submit(task.id, "x.csv", CSV))).code).toBe("GATE_AMBIGUOUS");
    await cancel(task.id);
  });

  it("does not keep a file that workflow code refuses", async () => {
    const { task, gate } = await platform.runToGate([{ do: "files", sources: ["tb"] }]);
    const outcomes = await Promise.allSettled([
      submit(task.id, "a.csv", CSV, { gate }),
      submit(task.id, "b.csv", CSV, { gate }),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await documents(task.tenantId, task.id)).toHaveLength(1);
  });

  it("says what is wrong with the form", async () => {
    const { task } = await platform.runToGate([{ do: "files", sources: ["tb"] }]);
    const empty = new FormData();
    empty.set("source", "tb");
    expect(await post(task.id, empty)).toMatchObject({ status: 400, code: "FILE_MISSING" });
    const two = new FormData();
    two.set("a", new Blob([CSV]), "a.csv");
    two.set("b", new Blob([CSV]), "b.csv");
    expect(await post(task.id, two)).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(await post(task.id, "{}", { "content-type": "application/json" })).toMatchObject({
      status: 415,
      code: "MEDIA_TYPE_UNSUPPORTED",
    });
    const broken = await post(task.id, "--x\r\nContent-Dispo", { "content-type": "multipart/form-data; boundary=x" });
    expect(broken).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    const late = new FormData();
    late.set("file", new Blob([CSV]), "tb.csv");
    late.set("source", "bank");
    expect(await post(task.id, late)).toMatchObject({ status: 409, code: "GATE_NOT_OPEN" });
    await cancel(task.id);
  });
});
