import { defineCommand } from "../command";

export const authList = defineCommand({
  name: "list",
  summary: "List connections; keys are not shown",
  examples: ["ntro auth list"],
  async run({ home, out, target }) {
    const { readConfig } = await import("../config");
    const config = readConfig(home);
    const active = await target().then(
      ({ connection }) => connection,
      () => undefined,
    );
    const rows = Object.entries(config.connections).map(([name, connection]) => ({
      name,
      host: connection.host,
      active: name === active,
      default: name === config.default_connection_name,
      default_tenant: connection.default_tenant ?? null,
      default_entity: connection.default_entity ?? null,
      has_key: connection.api_key !== "",
    }));
    out.list(rows, [
      { title: "ACTIVE", value: (row) => (row.active ? "*" : "") },
      { title: "NAME", value: (row) => row.name },
      { title: "HOST", value: (row) => row.host },
      { title: "KEY", value: (row) => (row.has_key ? "saved" : "none") },
      { title: "TENANT", value: (row) => row.default_tenant },
      { title: "ENTITY", value: (row) => row.default_entity },
    ]);
    return 0;
  },
});
