import { defineCommand } from "../command";

export const authTest = defineCommand({
  name: "test",
  summary: "Check that the server answers and knows the key",
  examples: ["ntro auth test", "ntro auth test -c production"],
  async run({ client, out, target }) {
    const { host, connection } = await target();
    const api = await client();
    const me = await api.call("me", {});
    out.success(`Connected to ${host}${connection ? ` (${connection})` : ""} as ${me.email} (org: ${me.orgId}).`);
    out.data(me, () => me.email);
    return 0;
  },
});
