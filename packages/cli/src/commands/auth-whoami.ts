import { defineCommand } from "../command";

export const authWhoami = defineCommand({
  name: "whoami",
  summary: "Show whose key is used, and what it may do",
  examples: ["ntro auth whoami"],
  async run({ client, out, target }) {
    const { host, connection } = await target();
    const api = await client();
    const me = await api.call("me", {});
    out.record(me, [
      ["name", me.name],
      ["email", me.email],
      ["id", me.id],
      ["org", me.orgId],
      ["roles", me.roles.join(", ")],
      ["tenant", me.tenantSlug ?? "all"],
      ["host", host],
      ["connection", connection],
    ]);
    return 0;
  },
});
