import type { Role } from "@ntro/contract";
import { sql } from "kysely";
import { hashKey, readTenantKey } from "../secrets";
import type { Settings } from "../settings";
import { type Db, inTransaction } from "./database";

/** Whoever a key stands for. */
export interface KeyHolder {
  readonly keyId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly tenantId: string | null;
}

/** Who holds a key; undefined when it is unknown or revoked. Keys of hosts and of author code are not stored, they are derived and checked. */
export async function findKeyHolder(db: Db, secret: Buffer, key: string): Promise<KeyHolder | undefined> {
  const derived = readTenantKey(secret, key);
  if (derived) return findDerived(db, derived);
  const row = await db
    .selectFrom("api_keys")
    .select(["id", "name", "email", "role", "tenant_id"])
    .where("hash", "=", hashKey(key))
    .where("revoked_at", "is", null)
    .executeTakeFirst();
  return row && { keyId: row.id, name: row.name, email: row.email, role: row.role, tenantId: row.tenant_id };
}

async function findDerived(
  db: Db,
  { tenantId, role }: { tenantId: string; role: "worker" | "author" },
): Promise<KeyHolder | undefined> {
  const tenant = await db
    .selectFrom("tenants")
    .select("slug")
    .where("id", "=", tenantId)
    .where("status", "not in", ["DEPROVISIONING", "DECOMMISSIONED"])
    .executeTakeFirst();
  if (!tenant) return undefined;
  return role === "worker"
    ? { keyId: `host:${tenantId}`, name: `host of ${tenant.slug}`, email: "", role, tenantId }
    : { keyId: `code:${tenantId}`, name: `code of ${tenant.slug}`, email: "", role, tenantId };
}

/** The keys that whoever starts the server made: name, e-mail and role, and what marks their rows. */
const LAUNCHER_KEYS = [
  { role: "admin", name: "Local admin", email: "admin@localhost", prefix: "launcher:admin" },
  { role: "worker", name: "Worker", email: "", prefix: "launcher:worker" },
] as const;

/** Makes the keys whose hashes the environment gives valid, and those it gave earlier invalid. */
export async function putLauncherKeys(db: Db, hashes: Settings["keyHashes"]): Promise<void> {
  await inTransaction(db, async (trx) => {
    for (const { role, name, email, prefix } of LAUNCHER_KEYS) {
      const hash = hashes[role];
      if (hash === null) continue;
      await trx
        .updateTable("api_keys")
        .set({ revoked_at: sql<Date>`now()` })
        .where("prefix", "=", prefix)
        .where("hash", "<>", hash)
        .where("revoked_at", "is", null)
        .execute();
      await trx
        .insertInto("api_keys")
        .values({ hash, role, name, email, prefix })
        .onConflict((conflict) => conflict.column("hash").doUpdateSet({ revoked_at: null, role, name, email, prefix }))
        .execute();
    }
  });
}

/** Adds a key; `hash` is {@link hashKey} of it. Gives its id. */
export async function addKey(
  db: Db,
  key: { hash: string; prefix: string; name: string; email: string; role: Role; tenantId: string | null },
): Promise<string> {
  const { tenantId, ...columns } = key;
  const row = await db
    .insertInto("api_keys")
    .values({ ...columns, tenant_id: tenantId })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Revokes every key of a tenant. */
export async function revokeTenantKeys(db: Db, tenantId: string): Promise<void> {
  await db
    .updateTable("api_keys")
    .set({ revoked_at: sql<Date>`now()` })
    .where("tenant_id", "=", tenantId)
    .where("revoked_at", "is", null)
    .execute();
}
