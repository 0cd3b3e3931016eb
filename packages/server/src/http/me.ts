import type { Handlers } from "./handler";

export const meHandlers: Pick<Handlers, "me"> = {
  me: async ({ db, orgId }, { caller }) => {
    const tenant =
      caller.tenantId === null
        ? undefined
        : await db.selectFrom("tenants").select("slug").where("id", "=", caller.tenantId).executeTakeFirst();
    return {
      id: caller.keyId,
      email: caller.email,
      name: caller.name,
      orgId,
      roles: [caller.role],
      tenantSlug: tenant?.slug ?? null,
    };
  },
};
