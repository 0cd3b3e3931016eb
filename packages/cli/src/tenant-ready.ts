import { setTimeout as delay } from "node:timers/promises";
import type { NtroClient, Tenant } from "@ntro/contract";
import type { Output } from "./output";

/** How long a tenant may take to become active, in milliseconds. */
const DEADLINE_MS = 120_000;
const INTERVAL_MS = 250;

/** Waits until a tenant that was just created is no longer being set up; gives it back as it is when that takes too long. */
export async function waitForTenant(api: NtroClient, created: Tenant, out: Output): Promise<Tenant> {
  let tenant = created;
  const deadline = Date.now() + DEADLINE_MS;
  let told = false;
  while ((tenant.status === "REQUESTED" || tenant.status === "PROVISIONING") && Date.now() < deadline) {
    if (!told) out.say(`Tenant ${tenant.slug} is being set up…`);
    told = true;
    await delay(INTERVAL_MS);
    tenant = await api.call("tenants.get", { params: { tenant: tenant.id } });
  }
  return tenant;
}
