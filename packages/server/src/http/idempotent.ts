import { createHash, randomUUID } from "node:crypto";
import { NtroError } from "@ntro/contract";
import { derivedId } from "../derived-id";
import type { Services } from "../services";
import { canonicalJson } from "../store/audit";
import { claimKey, HOLD_INTERVAL_MS, holdKey, type KeyedRequest, keepAnswer, releaseKey } from "../store/idempotency";

/**
 * The claim of a request on its Idempotency-Key; undefined without one.
 * @param owner id of the caller's key
 * @param request route, parameters, query and body as parsed
 */
export function keyedRequest(owner: string, key: string | undefined, request: unknown): KeyedRequest | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new NtroError("REQUEST_INVALID", "An Idempotency-Key has 1 to 255 visible ASCII characters.", {
      details: [{ field: "Idempotency-Key", message: "not valid" }],
    });
  return { owner, key, requestDigest: sha256(canonicalJson(request)).toString("hex") };
}

/** The id of what a request creates: always the same under one key of one caller, random without. A UUID in form. */
export function creationId(request: KeyedRequest | undefined): string {
  if (request === undefined) return randomUUID();
  return derivedId("creation", request.owner, request.key);
}

/** Runs a request at most once for each key: repeated, it gives the answer it gave first. A request that fails gives its key free. */
export async function once<T>(
  { db, log }: Services,
  request: KeyedRequest | undefined,
  work: () => Promise<T>,
): Promise<T | { repeated: unknown }> {
  if (request === undefined) return work();
  const claim = await claimKey(db, request);
  if (claim.kind === "answered") return { repeated: claim.answer };
  // Where it cannot be held for long, a repetition may begin: it finds what this one makes, as both make it under the same id.
  const hold = setInterval(() => void holdKey(db, request).catch(() => {}), HOLD_INTERVAL_MS);
  try {
    const answer = await work();
    await keepAnswer(db, request, 200, answer);
    return answer;
  } catch (error) {
    // When this fails too the claim lapses as that of a server that died.
    await releaseKey(db, request).catch((lost: unknown) =>
      log.warn({ err: lost }, "an Idempotency-Key was not released"),
    );
    throw error;
  } finally {
    clearInterval(hold);
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
