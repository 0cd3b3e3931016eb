import { defineCommand } from "../command";
import { UsageError } from "../usage-error";

export const authLogin = defineCommand({
  name: "login",
  summary: "Save a server and the key for it as a connection",
  examples: [
    "ntro auth login --name production --host https://ntro.example.com --api-key-stdin < key.txt",
    "NTRO_API_KEY=… ntro auth login --name staging --host https://staging.example.com --tenant acme-fund",
  ],
  notes:
    "The key comes from --api-key-stdin, else NTRO_API_KEY, else it is asked for. Without --host: http://localhost:3000/v1.",
  options: {
    name: { value: "name", short: "-n", help: "Name of the connection (default local)" },
    apiKeyStdin: { help: "Read the key from stdin" },
    apiKey: { value: "key", help: "The key itself; others can see it in the list of processes", hidden: true },
    tenant: { value: "slug", help: "Tenant where none is said" },
    entity: { value: "slug", help: "Entity where none is said" },
    setDefault: { help: "Make it the default connection (as when it is the only one)" },
    noSetDefault: { help: "Leave the default connection as it is" },
    noInteractive: { help: "Never ask" },
  },
  conflicts: [["setDefault", "noSetDefault"]],
  async run({ terminal, globals, home, out }, { options }) {
    const { configFile, LOCAL_HOST, normaliseHost, readConfig, writeConfig } = await import("../config");
    const { askSecret, readStdin } = await import("../prompt");
    const name = options.name ?? "local";
    const host = normaliseHost(globals.host ?? terminal.env.NTRO_HOST ?? LOCAL_HOST);
    const given = options.apiKeyStdin ? await readStdin(terminal) : terminal.env.NTRO_API_KEY || options.apiKey;
    const key = given ?? (options.noInteractive ? undefined : await askSecret(terminal, `API key for ${host}: `));
    if (!key) throw new UsageError("There is no API key.", "Pipe it in with --api-key-stdin, or set NTRO_API_KEY.");
    if (!/^[\x21-\x7e]+$/.test(key)) throw new UsageError("The API key holds blanks or characters no key has.");
    const config = readConfig(home);
    const before = config.connections[name];
    config.connections[name] = {
      ...before,
      host,
      api_key: key,
      ...(options.tenant === undefined ? {} : { default_tenant: options.tenant }),
      ...(options.entity === undefined ? {} : { default_entity: options.entity }),
    };
    if (options.setDefault || (!options.noSetDefault && config.default_connection_name === undefined))
      config.default_connection_name = name;
    writeConfig(home, config);
    out.success(`Connection ${name} to ${host} is saved in ${configFile(home)}.`);
    if (config.default_connection_name === name) out.success(`It is the default. Try it: ntro auth test`);
    out.data({ name, host, default: config.default_connection_name === name }, () => name);
    return 0;
  },
});
