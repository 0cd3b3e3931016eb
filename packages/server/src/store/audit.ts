import { createHash } from "node:crypto";
import type { Actor } from "@ntro/contract";
import type { Transaction } from "kysely";
import type { Db } from "./database";
import { lockJournal } from "./journal-lock";
import type { Tables } from "./tables";

/** Something that was done, to be kept for ever. */
export interface NewAudit {
  readonly tenantId: string | null;
  readonly actor: Actor;
  /** Such as `task.approved`. */
  readonly action: string;
  /** What it was done to, such as `task:<id>`. */
  readonly subject: string;
  readonly detail?: Record<string, unknown>;
  /** Sha256 of the data the actor was shown. */
  readonly shownDigest?: string | null;
}

/** Everything a row's hash covers; with the previous hash in it, rows form a chain. */
interface Hashed {
  seq: string;
  at: string;
  tenantId: string | null;
  actor: unknown;
  action: string;
  subject: string;
  detail: unknown;
  shownDigest: string | null;
  previousHash: string;
}

/** Where the chain begins. */
const GENESIS = "0".repeat(64);
const HEAD = "audit-head";
const PAGE = 1000;

/** Adds a row to the audit chain as part of a transaction. Call it last, as with {@link appendEvents}. */
export async function appendAudit(trx: Transaction<Tables>, entry: NewAudit): Promise<void> {
  await lockJournal(trx);
  const head = await readHead(trx);
  const row: Hashed = {
    seq: String(BigInt(head.seq) + 1n),
    at: new Date().toISOString(),
    tenantId: entry.tenantId,
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    detail: entry.detail ?? {},
    shownDigest: entry.shownDigest ?? null,
    previousHash: head.hash,
  };
  const hash = hashOf(row);
  await trx
    .insertInto("audit")
    .values({
      seq: row.seq,
      at: new Date(row.at),
      tenant_id: row.tenantId,
      actor: canonicalJson(row.actor),
      action: row.action,
      subject: row.subject,
      detail: canonicalJson(row.detail),
      shown_digest: row.shownDigest,
      previous_hash: row.previousHash,
      hash,
    })
    .execute();
  const value = JSON.stringify({ seq: row.seq, hash });
  await trx
    .insertInto("platform")
    .values({ key: HEAD, value })
    .onConflict((conflict) => conflict.column("key").doUpdateSet({ value }))
    .execute();
}

/** Whether the chain is whole, and if not, the first row where it is not. */
export type AuditCheck =
  | { readonly status: "intact"; readonly rows: number }
  | { readonly status: "broken"; readonly seq: string; readonly reason: string };

/** Reads the whole chain and finds every edit, deletion (the newest rows included) and change of order. */
export async function verifyAudit(db: Db): Promise<AuditCheck> {
  let previous = { seq: "0", hash: GENESIS };
  let rows = 0;
  for (;;) {
    const page = await db
      .selectFrom("audit")
      .selectAll()
      .where("seq", ">", previous.seq)
      .orderBy("seq")
      .limit(PAGE)
      .execute();
    for (const row of page) {
      const expected = String(BigInt(previous.seq) + 1n);
      const broken = (reason: string): AuditCheck => ({ status: "broken", seq: expected, reason });
      if (row.seq !== expected) return broken("the row is missing");
      if (row.previous_hash !== previous.hash) return broken("the row does not follow the one before it");
      const hash = hashOf({
        seq: row.seq,
        at: row.at.toISOString(),
        tenantId: row.tenant_id,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: row.detail,
        shownDigest: row.shown_digest,
        previousHash: row.previous_hash,
      });
      if (hash !== row.hash) return broken("the row was changed");
      previous = { seq: row.seq, hash };
      rows++;
    }
    if (page.length < PAGE) break;
  }
  const head = await readHead(db);
  if (head.seq !== previous.seq || head.hash !== previous.hash)
    return { status: "broken", seq: String(BigInt(previous.seq) + 1n), reason: "rows after this one are missing" };
  return { status: "intact", rows };
}

async function readHead(db: Db): Promise<{ seq: string; hash: string }> {
  const row = await db.selectFrom("platform").select("value").where("key", "=", HEAD).executeTakeFirst();
  const { seq, hash } = row?.value ?? {};
  return typeof seq === "string" && typeof hash === "string" ? { seq, hash } : { seq: "0", hash: GENESIS };
}

function hashOf(row: Hashed): string {
  return createHash("sha256").update(canonicalJson(row)).digest("hex");
}

/** JSON with sorted keys, as Postgres may give an object's keys back in another order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
