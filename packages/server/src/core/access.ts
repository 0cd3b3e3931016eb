import { type Actor, PERMISSIONS, type Permission, type Role } from "@ntro/contract";

/** As much of a caller as access depends on. `tenantId` null: a key of the whole organisation. */
export interface Access {
  readonly role: Role;
  readonly tenantId: string | null;
}

/** Whether a key's role gives what a route asks for. */
export function isPermitted(access: Access, permission: Permission): boolean {
  return PERMISSIONS[access.role].includes(permission);
}

/** Whether rows of a tenant exist for this key; those of other tenants must look as if they did not. */
export function mayTouch(access: Access, tenantId: string): boolean {
  return access.tenantId === null || access.tenantId === tenantId;
}

/** How a caller is named in the audit chain. */
export function actorOf(caller: Access & { readonly keyId: string; readonly name: string }): Actor {
  return { id: caller.keyId, name: caller.name, via: caller.role === "worker" ? "system" : "person" };
}

/** The platform itself, where nobody asked for what it does. */
export const PLATFORM_ACTOR: Actor = { id: "platform", name: "ntro", via: "system" };
