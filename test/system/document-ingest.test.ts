import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenGate } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTenants } from "./bad-input/databases";
import { nextReview, openGates, openReviews } from "./gates";
import { createAcme, DOCUMENT_INGEST, PLACE, Platform, PROGRAM, ROOT, run, TENANT } from "./platform";

const TRIAL_BALANCE = ["Code,Account,Debit,Credit", '1000,Cash at bank,"1,250.50",', "2000,Bank loan,,1250.50"];

/** The Python example by itself: one file, read, reviewed and committed. */
describe("document-ingest", () => {
  const platform = new Platform();
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ntro-ingest-"));
    await platform.up();
    await createAcme(platform);
    const ran = await platform.ntro("workflow", "create", "--path", DOCUMENT_INGEST, ...PLACE);
    expect(ran.code, ran.stderr).toBe(0);
  });
  afterAll(async () => {
    await platform.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (schema: string, period = "2026-03"): Promise<string> => {
    const parameters = ["--param", `source=${schema}`, "--param", `schema_slug=${schema}`];
    const { id } = await platform.json<{ id: string }>(
      ...["workflow", "run", "document-ingest", ...PLACE, "--period", period, ...parameters],
    );
    await platform.waitForEvent(id, (event) => event.type === "task.gate_opened");
    return id;
  };
  const submit = (id: string, path: string) => platform.ntro("run", "submit", id, "--file", path);
  const written = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const approve = (id: string, ...corrections: string[]) =>
    platform.ntro("run", "approve", id, ...corrections.flatMap((correction) => ["--correct", correction]));
  const completed = async (id: string): Promise<Record<string, unknown>> => {
    expect(await platform.ntro("run", "status", id, "--wait")).toMatchObject({ code: 0 });
    return (await platform.json<{ result: Record<string, unknown> }>("run", "status", id)).result;
  };
  const recordsOf = async (id: string) =>
    Object.values(
      await inTenants(
        platform,
        `select id, entity_slug, period, source, document_ref, schema_slug, payload, corrections from ingest.extracted_payloads where task_id = '${id}'`,
      ),
    ).flat();
  const feedback = async (id: string, wanted: RegExp): Promise<OpenGate> => {
    let found: OpenGate | undefined;
    await expect
      .poll(async () => {
        found = (await openGates(platform, id)).find(({ action }) =>
          wanted.test(JSON.stringify(action.feedback ?? "")),
        );
        return found !== undefined;
      })
      .toBe(true);
    return found as OpenGate;
  };

  it("reads a workbook, shows it with its check, and commits what was approved, corrected", async () => {
    const id = await start("trial-balance");
    const { stdout: asked } = await platform.ntro("run", "next", id);
    for (const part of ["Trial balance of 2026-03", ".pdf, .xlsx, .csv"]) expect(asked).toContain(part);
    expect(await submit(id, join(ROOT, "examples/data/trial-balance-2026-03.xlsx"))).toMatchObject({ code: 0 });
    const [gate] = await openReviews(platform, id);
    await expect.poll(async () => (await openGates(platform, id))[0]?.action.checks?.status).toBe("pass");
    const { stdout } = await platform.ntro("run", "next", id);
    for (const part of ["debit*", "342118.45", "Debits equal credits", "11 rows, read by code"])
      expect(stdout).toContain(part);
    expect(gate?.action.display_hint?.component).toBe("DATA_TABLE");
    expect(JSON.stringify([gate?.action.display_hint, gate?.action.payload])).not.toContain("confidence");

    expect(await approve(id, "1100=account=Trade receivables")).toMatchObject({ code: 0 });
    const result = await completed(id);
    expect(result).toMatchObject({
      source: "trial-balance",
      schema_slug: "trial-balance",
      period: "2026-03",
      filename: "trial-balance-2026-03.xlsx",
      row_count: 11,
      correction_count: 1,
      read_by: "code",
      totals: { debit: "12903008.65", credit: "12903008.65" },
    });
    expect(result).not.toHaveProperty("rows");
    const [record, ...others] = await recordsOf(id);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      id: result.record_id,
      entity_slug: "acme-spv1",
      document_ref: result.document_ref,
      corrections: [
        { line_item_id: "1100", field: "account", old_value: "Rent receivable", new_value: "Trade receivables" },
      ],
    });
    const { rows } = (record?.payload ?? { rows: [] }) as { rows: Record<string, unknown>[] };
    expect(rows[1]).toEqual({
      id: "1100",
      code: "1100",
      account: "Trade receivables",
      debit: "18250.00",
      credit: "0.00",
    });
  });

  it("reads the lines of a PDF", async () => {
    const id = await start("rent-roll");
    await submit(id, join(ROOT, "examples/data/rent-roll-2026-03.pdf"));
    await openReviews(platform, id);
    await approve(id);
    expect(await completed(id)).toMatchObject({ row_count: 5, totals: { rent: "92750.00" }, correction_count: 0 });
  });

  it("says what it cannot read, and asks for another file", async () => {
    const id = await start("trial-balance");
    await submit(id, written("broken.xlsx", Buffer.from("PK\u0003\u0004 xl/workbook.xml, cut off")));
    await feedback(id, /broken\.xlsx: The file is no \.xlsx workbook/);
    await submit(id, written("wrong.csv", TRIAL_BALANCE.join("\n").replace('"1,250.50"', "1.250.50")));
    const gate = await feedback(id, /Line 2, debit: '1\.250\.50' is no amount/);
    expect(gate.kind).toBe("submit_file");
    expect((await platform.ntro("run", "next", id)).stdout).toContain("error: wrong.csv: Line 2");
    await submit(id, written("right.csv", TRIAL_BALANCE.join("\n")));
    await openReviews(platform, id);
    await approve(id);
    expect(await completed(id)).toMatchObject({ row_count: 2, totals: { debit: "1250.50", credit: "1250.50" } });
    expect(await recordsOf(id)).toHaveLength(1);
  });

  it("commits no trial balance that does not balance", async () => {
    const id = await start("trial-balance");
    await submit(id, written("off.csv", TRIAL_BALANCE.join("\n").replace(",,1250.50", ",,1300.00")));
    const [gate] = (await openReviews(platform, id)) as [OpenGate];
    expect(await approve(id)).toMatchObject({ code: 0 });
    const again = await nextReview(platform, id, gate);
    expect(JSON.stringify(again.action.feedback)).toContain("credits exceed debits by 49.50");
    expect(await recordsOf(id)).toEqual([]);
    expect(await approve(id, "2000=credit=1,250.50")).toMatchObject({ code: 0 });
    expect(await completed(id)).toMatchObject({ totals: { debit: "1250.50", credit: "1250.50" }, correction_count: 1 });
  });

  it("keeps a cell that is changed while the review is open", async () => {
    const id = await start("trial-balance");
    await submit(id, written("edited.csv", TRIAL_BALANCE.join("\n")));
    await openReviews(platform, id);
    const edit = { action: "edit_cell", rowId: "1000", field: "account", value: "Petty cash" } as const;
    const empty = platform.client().call("tasks.rowAction", { params: { id }, body: { ...edit, value: " " } });
    await expect(empty).rejects.toThrow("1000, account: it is empty.");
    const out = platform.client().call("tasks.rowAction", {
      params: { id },
      body: { action: "reject_row", rowId: "1000" },
    });
    await expect(out).rejects.toThrow("Rows are not taken out one by one: correct them, or reject the document.");
    expect((await openGates(platform, id))[0]?.rejected_rows).toEqual([]);
    await platform.client().call("tasks.rowAction", { params: { id }, body: edit });
    expect((await platform.ntro("run", "next", id)).stdout).toContain("Petty cash");
    await approve(id);
    expect(await completed(id)).toMatchObject({ correction_count: 1 });
    const [record] = await recordsOf(id);
    expect(record?.corrections).toEqual([
      { line_item_id: "1000", field: "account", old_value: "Cash at bank", new_value: "Petty cash" },
    ]);
  });

  it("ends as rejected, and commits nothing", async () => {
    const id = await start("trial-balance");
    await submit(id, written("rejected.csv", TRIAL_BALANCE.join("\n")));
    await openReviews(platform, id);
    expect(await platform.ntro("run", "reject", id, "--reason", "The books of another company")).toMatchObject({
      code: 0,
    });
    const ran = await platform.ntro("run", "status", id, "--wait");
    expect(ran.code).toBe(1);
    expect(await platform.json("run", "status", id)).toMatchObject({
      status: "FAILED",
      failure: { type: "Rejected", message: expect.stringContaining("The books of another company") },
    });
    expect(await recordsOf(id)).toEqual([]);
  });

  it("has AI read what no reader knows, and shows how sure it is", async () => {
    const asked: string[] = [];
    const answer = {
      fields: {},
      line_items: [
        { unit: "A1", tenant: "Harbour Coffee Ltd", rent: 14500.5 },
        { unit: "A2", tenant: "Bright Dental", rent: "11250.00" },
      ],
      confidence_scores: { unit: 0.99, tenant: 0.62, rent: 0.97 },
      summary: "Two tenancies.",
    };
    const model = createServer((request, response) => {
      request.setEncoding("utf8").on("data", (text: string) => asked.push(text));
      request.on("end", () => {
        const content = JSON.stringify(answer);
        if (asked.join("").includes('"stream":true') || asked.join("").includes('"stream": true')) {
          response.setHeader("content-type", "text/event-stream");
          response.end(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\ndata: [DONE]\n\n`);
        } else response.end(JSON.stringify({ choices: [{ message: { content } }] }));
      });
    });
    await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = model.address() as AddressInfo;
      const secret = ["tenant", "secret", "set", "NTRO_AI_BASE_URL", ...TENANT, "--from-env", "STAND_IN"];
      const set = await run(process.execPath, [PROGRAM, ...secret], {
        ...platform.env,
        STAND_IN: `http://127.0.0.1:${port}/v1`,
      });
      expect(set).toMatchObject({ code: 0 });
      const settings = ["--provider", "NTROPII", "--default-model", "stand-in"];
      expect(await platform.ntro("tenant", "ai", "set", "acme-fund", ...settings)).toMatchObject({ code: 0 });
      const id = await start("rent-roll");
      await submit(
        id,
        written("other.csv", "Flat;Who;Per month\nA1;Harbour Coffee Ltd;14500.50\nA2;Bright Dental;11250"),
      );
      const [gate] = await openReviews(platform, id);
      expect(asked.join("")).toContain("Harbour Coffee Ltd");
      expect(gate?.action).toMatchObject({
        reason: "other.csv: 2 rows, read by AI.",
        payload: {
          rows: [
            { id: "A1", rent: "14500.50", confidence: "0.62" },
            { id: "A2", rent: "11250.00" },
          ],
        },
      });
      expect(gate?.action.display_hint?.config.confidence_warning_threshold).toBe(0.8);
      await approve(id);
      expect(await completed(id)).toMatchObject({ read_by: "ai", row_count: 2, totals: { rent: "25750.50" } });
      const [record] = await recordsOf(id);
      expect(JSON.stringify(record?.payload)).not.toContain("confidence");

      // A service that is away is an answer too: somebody can submit another file.
      model.closeAllConnections();
      model.close();
      const second = await start("rent-roll", "2026-04");
      await submit(second, written("again.csv", "Flat;Who;Per month\nB1;Quay Fitness;1"));
      expect((await feedback(second, /again\.csv: AI could not read the file/)).kind).toBe("submit_file");
    } finally {
      model.close();
      await platform.ntro("tenant", "ai", "reset", "acme-fund");
    }
  });

  it("says at once which documents it reads without AI", async () => {
    const ran = await platform.ntro(
      ...["workflow", "run", "document-ingest", ...PLACE, "--period", "2026-03", "--wait"],
      ...["--param", "source=lease", "--param", "schema_slug=lease"],
    );
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toContain("Readers are there for rent-roll, trial-balance.");
  });
});
