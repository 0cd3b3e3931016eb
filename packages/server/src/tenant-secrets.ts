import type { Actor, Secret } from "@ntro/contract";
import { sql, type Transaction } from "kysely";
import type { Services } from "./services";
import { appendAudit } from "./store/audit";
import { inTransaction, isStoreAway } from "./store/database";
import { nudgeWorkers } from "./store/events";
import type { Tables } from "./store/tables";
import { TenantSecrets } from "./store/tenant-secrets";

/** Milliseconds that values are kept in this process; workers ask for them at every change of what should run. */
const KEPT = 60_000;

interface Kept {
  readonly version: number;
  readonly until: number;
  readonly values: Record<string, string>;
}
const kept = new WeakMap<Services["tenantDatabases"], Map<string, Kept>>();

/** Sets a tenant's secret and lets its hosts have it. Whoever set it is on record, the value is not. */
export async function setTenantSecret(
  services: Services,
  tenantId: string,
  secret: { readonly name: string; readonly value: string },
  actor: Actor,
): Promise<Secret> {
  const set = await storeOf(services).put(tenantId, secret.name, secret.value, actor.name);
  await noteChange(services, tenantId, "tenant.secret_set", secret.name, actor);
  return set;
}

/** Removes a tenant's secret; false when there is none of the name. */
export async function removeTenantSecret(
  services: Services,
  tenantId: string,
  name: string,
  actor: Actor,
): Promise<boolean> {
  if (!(await storeOf(services).remove(tenantId, name))) return false;
  await noteChange(services, tenantId, "tenant.secret_removed", name, actor);
  return true;
}

/** Names of a tenant's secrets, when they were set and by whom. */
export async function listTenantSecrets(services: Services, tenantId: string): Promise<Secret[]> {
  return storeOf(services).list(tenantId);
}

/**
 * The values of a tenant's secrets, for its hosts. Those that cannot be opened are left out, all of them, and said in the log: one tenant's trouble must not keep the hosts of
 * the others from starting.
 * @param version as the tenant's row has it: 0 when none was ever set
 */
export async function readTenantSecrets(
  services: Services,
  tenantId: string,
  version: number,
): Promise<Record<string, string>> {
  if (version === 0) return {};
  const cache = kept.get(services.tenantDatabases) ?? new Map<string, Kept>();
  kept.set(services.tenantDatabases, cache);
  const before = cache.get(tenantId);
  if (before && before.version === version && before.until > Date.now()) return before.values;
  try {
    const values = await storeOf(services).read(tenantId);
    cache.set(tenantId, { version, until: Date.now() + KEPT, values });
    return values;
  } catch (error) {
    if (isStoreAway(error)) throw error;
    services.log.error({ err: error, tenantId }, "a tenant's secrets cannot be read; its code runs without them");
    return {};
  }
}

function storeOf({ tenantDatabases, settings }: Services): TenantSecrets {
  return new TenantSecrets(tenantDatabases, settings.secret);
}

async function noteChange(
  { db }: Services,
  tenantId: string,
  action: string,
  name: string,
  actor: Actor,
): Promise<void> {
  await inTransaction(db, async (trx: Transaction<Tables>) => {
    await trx
      .updateTable("tenants")
      .set({ secrets_version: sql<number>`secrets_version + 1` })
      .where("id", "=", tenantId)
      .execute();
    await nudgeWorkers(trx);
    await appendAudit(trx, { tenantId, actor, action, subject: `tenant:${tenantId}`, detail: { name } });
  });
}
