import { NtroError } from "@ntro/contract";
import { sql } from "kysely";
import type { Db } from "./database";

/** A request that was made under an Idempotency-Key. */
export interface KeyedRequest {
  /** Id of the caller's key: two callers never share one. */
  readonly owner: string;
  readonly key: string;
  /** Digest of route, parameters and body. */
  readonly requestDigest: string;
}

export type Claim =
  /** It is ours to answer. */
  | { readonly kind: "new" }
  /** It was answered before. */
  | { readonly kind: "answered"; readonly answer: unknown };

/** Seconds after which a request that its server no longer holds counts as lost with it. */
const LOST_AFTER = 6;
/** How often a server holds what it is working at, in milliseconds. */
export const HOLD_INTERVAL_MS = 2_000;
/** Hours an answer is kept. */
const KEPT = 24;

/**
 * Claims a key for a request, or finds the answer it had.
 * @throws NtroError `IDEMPOTENCY_MISMATCH` when the key stands for another request, `IDEMPOTENCY_IN_PROGRESS` while that one is worked on
 */
export async function claimKey(db: Db, request: KeyedRequest): Promise<Claim> {
  const { owner, key, requestDigest } = request;
  await db
    .deleteFrom("idempotency")
    .where("owner", "=", owner)
    .where("key", "=", key)
    .where("status", "is", null)
    .where("request_digest", "=", requestDigest)
    .where("held_until", "<", sql<Date>`now()`)
    .execute();
  const claimed = await db
    .insertInto("idempotency")
    .values({ owner, key, request_digest: requestDigest, held_until: lostAt() })
    .onConflict((conflict) => conflict.doNothing())
    .returning("key")
    .executeTakeFirst();
  if (claimed) return { kind: "new" };
  const row = await db
    .selectFrom("idempotency")
    .select(["request_digest", "status", "answer"])
    .where("owner", "=", owner)
    .where("key", "=", key)
    .executeTakeFirst();
  if (row && row.request_digest !== requestDigest)
    throw new NtroError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used before with another request.", {
      hint: "Use a new key for every new request.",
    });
  if (row?.status != null) return { kind: "answered", answer: row.answer };
  throw new NtroError("IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is still being worked on.", {
    hint: "Send it again in a moment to get its answer.",
  });
}

/** Says that a claimed request is still being worked on. */
export async function holdKey(db: Db, request: KeyedRequest): Promise<void> {
  await db
    .updateTable("idempotency")
    .set({ held_until: lostAt() })
    .where("owner", "=", request.owner)
    .where("key", "=", request.key)
    .where("status", "is", null)
    .execute();
}

/** Keeps the answer of a claimed request. */
export async function keepAnswer(db: Db, request: KeyedRequest, status: number, answer: unknown): Promise<void> {
  await db
    .updateTable("idempotency")
    .set({ status, answer: JSON.stringify(answer) })
    .where("owner", "=", request.owner)
    .where("key", "=", request.key)
    .execute();
}

/** Gives the key of a request that failed free again. */
export async function releaseKey(db: Db, request: KeyedRequest): Promise<void> {
  await db
    .deleteFrom("idempotency")
    .where("owner", "=", request.owner)
    .where("key", "=", request.key)
    .where("status", "is", null)
    .execute();
}

/** Forgets old answers. */
export async function forgetOldAnswers(db: Db): Promise<void> {
  await db
    .deleteFrom("idempotency")
    .where("created_at", "<", sql<Date>`now() - make_interval(hours => ${KEPT})`)
    .execute();
}

function lostAt() {
  return sql<Date>`now() + make_interval(secs => ${LOST_AFTER})`;
}
