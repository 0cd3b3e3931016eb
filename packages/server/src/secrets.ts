import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import * as z from "zod";

const TENANT_KEY = /^ntro_(host|code)_([0-9a-f-]{36})_[A-Za-z0-9_-]{43}$/;
/** The derived keys of a tenant: what their names begin with, and what they are derived for. */
const TENANT_KEYS = { host: "host-key", code: "author-key" } as const;
type TenantKeyKind = keyof typeof TENANT_KEYS;

function derive(secret: Buffer, purpose: string): string {
  return createHmac("sha256", secret).update(purpose).digest("base64url");
}

/** The password of a tenant's database role; derived, so it is stored nowhere. */
export function tenantDatabasePassword(secret: Buffer, tenantId: string): string {
  return derive(secret, `tenant-database:${tenantId}`);
}

/** The key that a tenant's hosts act with: role `worker`, that tenant alone; derived, so it is stored nowhere. */
export function hostKey(secret: Buffer, tenantId: string): string {
  return tenantKey(secret, tenantId, "host");
}

/** The key that a tenant's author code reaches the server with: role `author`, that tenant alone; derived, so it is stored nowhere. */
export function authorKey(secret: Buffer, tenantId: string): string {
  return tenantKey(secret, tenantId, "code");
}

function tenantKey(secret: Buffer, tenantId: string, kind: TenantKeyKind): string {
  return `ntro_${kind}_${tenantId}_${derive(secret, `${TENANT_KEYS[kind]}:${tenantId}`)}`;
}

/** The tenant and the role of a derived key; undefined when it is none, or not one of this server's secret. */
export function readTenantKey(
  secret: Buffer,
  key: string,
): { readonly tenantId: string; readonly role: "worker" | "author" } | undefined {
  const [, kind, tenantId] = TENANT_KEY.exec(key) ?? [];
  if ((kind !== "host" && kind !== "code") || !z.uuid().safeParse(tenantId).success || tenantId === undefined)
    return undefined;
  const expected = Buffer.from(tenantKey(secret, tenantId, kind));
  const given = Buffer.from(key);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
  return { tenantId, role: kind === "host" ? "worker" : "author" };
}

/** A new key for people and agents: 256 random bits. Shown once; only {@link hashKey} of it is kept. */
export function makeKey(): string {
  return `ntro_${randomBytes(32).toString("base64url")}`;
}

/** What is stored of a key: sha256 in hex. Keys are random, so nothing slower is needed. */
export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/**
 * A password as PostgreSQL stores it (SCRAM-SHA-256), so that the password itself never stands in a statement that the database might log.
 * @param salt 16 bytes; random unless given
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
