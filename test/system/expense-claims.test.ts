import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reviewTables } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inTenants } from "./bad-input/databases";
import { nextReview, openGates, openReviews } from "./gates";
import { createAcme, PLACE, Platform } from "./platform";

const RAIL = { claimant: "Ann", vendor: "Rail", date: "2026-03-05", amount: "42.50" };
const HOTEL = { claimant: "Ben", vendor: "Hotel Lutetia", date: "2026-03-09", amount: 180.1, currency: "EUR" };
const NO_AMOUNT = { claimant: "Ben", vendor: "Taxi", date: "2026-03-10" };

/** The Python example with a ledger of its own. */
describe("expense-claims", () => {
  const platform = new Platform();
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ntro-claims-"));
    await platform.up();
    await createAcme(platform);
    const ran = await platform.ntro("workflow", "create", "--path", "./examples/runbooks/expense-claims", ...PLACE);
    expect(ran.code, ran.stderr).toBe(0);
  });
  afterAll(async () => {
    await platform.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<string> => {
    const { id } = await platform.json<{ id: string }>(
      ...["workflow", "run", "expense-claims", ...PLACE, "--period", "2026-03"],
    );
    await platform.waitForEvent(id, (event) => event.type === "task.gate_opened");
    return id;
  };
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ingest = (id: string, rows: readonly object[], kind = "expense") =>
    platform.ntro("run", "ingest", id, "--kind", kind, "--data", JSON.stringify(rows));
  const resultOf = async (id: string): Promise<unknown> => {
    expect(await platform.ntro("run", "status", id, "--wait")).toMatchObject({ code: 0 });
    return (await platform.json<{ result: unknown }>("run", "status", id)).result;
  };
  const ledger = async (id: string) =>
    Object.values(
      await inTenants(
        platform,
        `select vendor, amount, currency, status, validation_errors is null as valid from ledgers.expense_claims where task_id = '${id}' order by vendor`,
      ),
    ).flat();
  const linesOf = async (id: string) => {
    const [gate] = await openReviews(platform, id);
    return (gate ? reviewTables(gate) : []).flatMap(({ rows }) => rows);
  };

  it("puts rows of data into the ledger, and approves what is complete", async () => {
    const id = await start();
    expect(await ingest(id, [RAIL, HOTEL])).toMatchObject({ code: 0 });
    const lines = await linesOf(id);
    expect(lines.map(({ values }) => [values.vendor, values.amount, values.currency])).toEqual([
      ["Rail", "42.50", "GBP"],
      ["Hotel Lutetia", "180.10", "EUR"],
    ]);
    expect(await ledger(id)).toMatchObject([{ status: "PENDING" }, { status: "PENDING" }]);
    expect(await platform.ntro("run", "approve", id)).toMatchObject({ code: 0 });
    expect(await resultOf(id)).toEqual({
      period: "2026-03",
      approved: 2,
      rejected: 0,
      totals: { EUR: "180.10", GBP: "42.50" },
      approved_by: expect.any(String),
    });
    expect(await ledger(id)).toMatchObject([
      { vendor: "Hotel Lutetia", amount: "180.10", currency: "EUR", status: "APPROVED" },
      { vendor: "Rail", amount: "42.50", currency: "GBP", status: "APPROVED" },
    ]);
  });

  it("approves only when nothing needs attention any more", async () => {
    const id = await start();
    const rows = ["Employee;Supplier;Date;Gross;CCY", "Ann;Rail;2026-03-05;42,50;GBP", "Ben;Taxi;10.3.2026;12.00;"];
    expect(await platform.ntro("run", "submit", id, "--file", written("claims.csv", rows.join("\n")))).toMatchObject({
      code: 0,
    });
    const [gate] = await openReviews(platform, id);
    const { stdout } = await platform.ntro("run", "next", id);
    for (const part of ["'42,50' is no amount", "'10.3.2026' is no date", "Correct or reject what needs attention"])
      expect(stdout).toContain(part);
    expect(await ledger(id)).toMatchObject([{ status: "NEEDS_ATTENTION" }, { status: "NEEDS_ATTENTION" }]);

    const one = ["--correct", "1=amount=42.50"];
    expect(await platform.ntro("run", "approve", id, ...one)).toMatchObject({ code: 0 });
    if (gate) await nextReview(platform, id, gate);
    expect((await platform.ntro("run", "next", id)).stdout).toMatch(/error: .*line 2 \(expense_date/);

    const other = ["--correct", "2=expense_date=2026-03-10"];
    expect(await platform.ntro("run", "approve", id, ...other)).toMatchObject({ code: 0 });
    expect(await resultOf(id)).toMatchObject({ approved: 2, rejected: 0, totals: { GBP: "54.50" } });
    expect(await ledger(id)).toMatchObject([
      { vendor: "Rail", amount: "42.50", status: "APPROVED", valid: true },
      { vendor: "Taxi", amount: "12.00", currency: "GBP", status: "APPROVED", valid: true },
    ]);
  });

  it("rejects a single claim, with the decision", async () => {
    const id = await start();
    await ingest(id, [RAIL, NO_AMOUNT]);
    const [, taxi] = await linesOf(id);
    const reject = { action: "reject_row", rowId: taxi?.id ?? "" } as const;
    await platform.client().call("tasks.rowAction", { params: { id }, body: reject });
    expect(await ledger(id)).toMatchObject([{ status: "PENDING" }, { status: "NEEDS_ATTENTION" }]);
    await platform.ntro("run", "approve", id);
    expect(await resultOf(id)).toMatchObject({ approved: 1, rejected: 1, totals: { GBP: "42.50" } });
    expect(await ledger(id)).toMatchObject([
      { vendor: "Rail", status: "APPROVED" },
      { vendor: "Taxi", amount: null, status: "REJECTED" },
    ]);
  });

  it("reviews claims that arrive during a review after it, on their own", async () => {
    const id = await start();
    await ingest(id, [RAIL]);
    const [gate] = await openReviews(platform, id);
    expect(await ingest(id, [HOTEL])).toMatchObject({ code: 0 });
    expect(await linesOf(id)).toHaveLength(1);
    await platform.ntro("run", "approve", id);
    if (gate) await nextReview(platform, id, gate);
    expect((await linesOf(id)).map(({ values }) => values.vendor)).toEqual(["Hotel Lutetia"]);
    await platform.ntro("run", "approve", id);
    expect(await resultOf(id)).toMatchObject({ approved: 2, totals: { EUR: "180.10", GBP: "42.50" } });
  });

  it("says what it cannot take, and goes on waiting", async () => {
    const id = await start();
    await platform.ntro("run", "submit", id, "--file", written("notes.csv", "just some words\nand more"));
    await expect
      .poll(async () => JSON.stringify((await openGates(platform, id))[0]?.action.feedback ?? ""))
      .toContain("notes.csv cannot be used: it has no claims under the headings");
    await ingest(id, [RAIL], "invoice");
    await expect
      .poll(async () => JSON.stringify((await openGates(platform, id))[0]?.action.feedback ?? ""))
      .toContain("Data of the kind invoice is left out");
    await ingest(id, [RAIL]);
    await openReviews(platform, id);
    expect(await platform.ntro("run", "cancel", id, "--reason", "Only a test")).toMatchObject({ code: 0 });
  });

  it("rejects all of them in the ledger when the whole is rejected", async () => {
    const id = await start();
    await ingest(id, [RAIL, NO_AMOUNT]);
    await openReviews(platform, id);
    await platform.ntro("run", "reject", id, "--reason", "Not this month");
    expect((await platform.ntro("run", "status", id, "--wait")).code).toBe(1);
    expect(await platform.json("run", "status", id)).toMatchObject({
      failure: { type: "Rejected", message: expect.stringContaining("Not this month") },
    });
    expect(await ledger(id)).toMatchObject([{ status: "REJECTED" }, { status: "REJECTED" }]);
  });
});
