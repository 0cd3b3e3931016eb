import { defineCommand } from "../command";

export const authSetDefault = defineCommand({
  name: "set-default",
  summary: "Make a connection the default",
  examples: ["ntro auth set-default production"],
  arguments: { name: { help: "Name of the connection" } },
  async run({ home, out }, { args }) {
    const { readConfig, unknownConnection, writeConfig } = await import("../config");
    const config = readConfig(home);
    const connection = config.connections[args.name];
    if (!connection) throw unknownConnection(config, args.name);
    writeConfig(home, { ...config, default_connection_name: args.name });
    out.success(`Commands now go to ${args.name} (${connection.host}).`);
    out.data({ name: args.name, host: connection.host, default: true }, () => args.name);
    return 0;
  },
});
