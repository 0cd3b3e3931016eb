import { NtroError, SecretName } from "@ntro/contract";
import { actorOf } from "../core/access";
import type { Services } from "../services";
import { Page } from "../store/pages";
import { requireActive, requireTenant, type TenantRow } from "../store/tenants";
import { listTenantSecrets, removeTenantSecret, setTenantSecret } from "../tenant-secrets";
import type { Caller, Handlers } from "./handler";

export const secretHandlers: Pick<Handlers, "secrets.list" | "secrets.put" | "secrets.delete"> = {
  "secrets.list": async (services, { caller, params }) => {
    const tenant = await activeTenant(services, caller, params.tenant);
    return new Page(await listTenantSecrets(services, tenant.id), null);
  },

  "secrets.put": async (services, { caller, params, body }) => {
    const tenant = await activeTenant(services, caller, params.tenant);
    const secret = { name: requireName(params.name), value: body.value };
    return setTenantSecret(services, tenant.id, secret, actorOf(caller));
  },

  "secrets.delete": async (services, { caller, params }) => {
    const tenant = await activeTenant(services, caller, params.tenant);
    if (await removeTenantSecret(services, tenant.id, params.name, actorOf(caller))) return undefined;
    throw new NtroError("SECRET_NOT_FOUND", `The tenant ${tenant.slug} has no secret ${JSON.stringify(params.name)}.`, {
      hint: `\`ntro tenant secret list ${tenant.slug}\` shows those it has.`,
    });
  },
};

/** Only an active tenant has a database. */
async function activeTenant({ db }: Services, caller: Caller, reference: string): Promise<TenantRow> {
  const tenant = await requireTenant(db, caller, reference);
  requireActive(tenant);
  return tenant;
}

function requireName(text: string): string {
  const name = SecretName.safeParse(text);
  if (name.success) return name.data;
  const message = name.error.issues[0]?.message ?? "is not a name";
  throw new NtroError("REQUEST_INVALID", `The name ${JSON.stringify(text)} of the secret is not valid: ${message}.`, {
    hint: "A secret has the name of the environment variable in which the runbook looks for it.",
    details: [{ field: "name", message }],
  });
}
