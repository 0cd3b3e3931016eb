import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { appendAudit, canonicalJson, verifyAudit } from "./audit";
import { type Db, inTransaction, openDatabase, openPool } from "./database";
import { migrate } from "./migrate";

const log = pino({ level: "silent" });
let postgres: TestPostgres;
let db: Db;

beforeAll(async () => {
  postgres = await startTestPostgres();
  db = openDatabase(openPool(postgres.url, log));
  await migrate(db);
});

afterAll(async () => {
  await db.destroy();
  await postgres.stop();
});

/** Five rows, written by several at a time. */
beforeEach(async () => {
  await asSuperuser("truncate audit");
  await db.deleteFrom("platform").execute();
  await Promise.all([1, 2, 3, 4, 5].map((number) => append(number)));
});

async function append(number: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    const actor = { id: "key", name: "Ann", via: "person" as const };
    const detail = { number, nested: { b: [1, { z: null, a: "ä" }], a: 1.5e21 } };
    await appendAudit(trx, { tenantId: null, actor, action: "task.approved", subject: `task:${number}`, detail });
  });
}

/** What somebody does who may switch the table's protection off. */
async function asSuperuser(statement: string): Promise<void> {
  await sql.raw("alter table audit disable trigger audit_append_only").execute(db);
  await sql.raw(statement).execute(db);
  await sql.raw("alter table audit enable trigger audit_append_only").execute(db);
}

describe("the audit chain", () => {
  it("is whole when nobody touched it", async () => {
    expect(await verifyAudit(db)).toEqual({ status: "intact", rows: 5 });
  });

  it("is not written by a transaction that fails", async () => {
    const failing = db.transaction().execute(async (trx) => {
      await appendAudit(trx, {
        tenantId: null,
        actor: { id: "k", name: "n", via: "person" },
        action: "a",
        subject: "s",
      });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await verifyAudit(db)).toEqual({ status: "intact", rows: 5 });
  });

  it.each(["update audit set subject = 'x'", "delete from audit", "truncate audit"])(
    "refuses: %s",
    async (statement) => {
      await expect(sql.raw(statement).execute(db)).rejects.toThrow("append-only");
      expect(await verifyAudit(db)).toEqual({ status: "intact", rows: 5 });
    },
  );

  it.each([
    ["a changed detail", `update audit set detail = jsonb_set(detail, '{number}', '9') where seq = 3`, "3", "changed"],
    ["a changed actor", `update audit set actor = jsonb_set(actor, '{name}', '"Eve"') where seq = 1`, "1", "changed"],
    ["a changed time", `update audit set at = at + interval '1 ms' where seq = 5`, "5", "changed"],
    ["a missing row", `delete from audit where seq = 2`, "2", "missing"],
    ["missing newest rows", `delete from audit where seq >= 4`, "4", "missing"],
    ["no rows at all", `delete from audit`, "1", "missing"],
    [
      "two rows exchanged",
      `update audit set seq = case seq when 2 then -3 else -2 end where seq in (2, 3); update audit set seq = -seq where seq < 0`,
      "2",
      "follow",
    ],
    [
      "a row changed with its own hash made anew",
      `update audit set action = 'x', hash = repeat('a', 64) where seq = 2`,
      "2",
      "changed",
    ],
  ])("shows %s", async (_, statement, seq, reason) => {
    await asSuperuser(statement);
    expect(await verifyAudit(db)).toEqual({ status: "broken", seq, reason: expect.stringContaining(reason) });
  });
});

describe("canonicalJson", () => {
  it("does not depend on the order of keys", () => {
    expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null } })).toBe(canonicalJson({ a: { c: null, d: [1, 2] }, b: 1 }));
  });
});
