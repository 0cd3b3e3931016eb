import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify, TomlError } from "smol-toml";
import * as z from "zod";
import { nearest } from "./nearest";
import { UsageError } from "./usage-error";

/** A server and the key for it, under a name. Keys of others' clients are kept as they are. */
const Connection = z.looseObject({
  host: z.string(),
  api_key: z.string().default(""),
  default_tenant: z.string().optional(),
  default_entity: z.string().optional(),
});

const Config = z.looseObject({
  default_connection_name: z.string().optional(),
  connections: z.record(z.string(), Connection).default({}),
});
/** The content of config.toml. */
export type Config = z.infer<typeof Config>;

/** Where a fresh installation listens; used when no connection is configured. Holds no key. */
export const LOCAL_HOST = "http://localhost:3000/v1";

/** Path of the config file of a home. */
export function configFile(home: string): string {
  return join(home, "config.toml");
}

/** Reads the config; an absent file is an empty config. Throws {@link UsageError} naming the line of a fault. */
export function readConfig(home: string): Config {
  const file = configFile(home);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { connections: {} };
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    const place = error instanceof TomlError ? `:${error.line}:${error.column}` : "";
    throw new UsageError(`${file}${place} is not valid TOML.`, "Correct the file, or move it away and log in again.");
  }
  const checked = Config.safeParse(raw);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new UsageError(`${file}: ${issue?.path.join(".")}: ${issue?.message}`, "Correct the file, or log in again.");
}

/** Writes the config in one step, readable by its owner alone. */
export function writeConfig(home: string, config: Config): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const file = configFile(home);
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, `${stringify(config)}\n`, { mode: 0o600, flush: true });
  // A file that lay there from a crash keeps the mode it had, so it is set again.
  chmodSync(beside, 0o600);
  renameSync(beside, file);
}

/** Whether others than its owner can read the config and the keys in it. */
export function configIsExposed(home: string): boolean {
  const status = statSync(configFile(home), { throwIfNoEntry: false });
  return status !== undefined && (status.mode & 0o077) !== 0;
}

/** Where requests go, with which key, and what is assumed where nothing is said. */
export interface Target {
  /** Such as `http://localhost:3000/v1`, without a slash at its end. */
  readonly host: string;
  /** Empty: none is sent. */
  readonly apiKey: string;
  /** The connection it came from; undefined when the host was named directly and no connection has it. */
  readonly connection: string | undefined;
  readonly defaultTenant: string | undefined;
  readonly defaultEntity: string | undefined;
}

/** What was typed and set, from strongest to weakest. */
export interface TargetInput {
  /** --host, else NTRO_HOST. */
  readonly host: string | undefined;
  /** NTRO_API_KEY. */
  readonly apiKey: string | undefined;
  /** --connection, else NTRO_DEFAULT_CONNECTION_NAME. */
  readonly connection: string | undefined;
}

/**
 * Decides host and key. A saved key goes only to the host it was saved for: with a host named directly it is NTRO_API_KEY, else the key of a
 * connection with exactly that host, else none.
 */
export function resolveTarget(config: Config, input: TargetInput): Target {
  if (input.host !== undefined) return targetOfHost(config, normaliseHost(input.host), input);
  const name = input.connection ?? config.default_connection_name ?? onlyConnection(config);
  if (name === undefined) return bareTarget(LOCAL_HOST, input);
  const connection = config.connections[name];
  if (!connection) throw unknownConnection(config, name);
  return {
    host: normaliseHost(connection.host),
    apiKey: input.apiKey ?? connection.api_key,
    connection: name,
    defaultTenant: connection.default_tenant,
    defaultEntity: connection.default_entity,
  };
}

function targetOfHost(config: Config, host: string, input: TargetInput): Target {
  const same = Object.entries(config.connections).filter(([, connection]) => sameHost(connection.host, host));
  const found = same.find(([name]) => name === input.connection) ?? same[0];
  if (!found) return bareTarget(host, input);
  const [name, connection] = found;
  return {
    host,
    apiKey: input.apiKey ?? connection.api_key,
    connection: name,
    defaultTenant: connection.default_tenant,
    defaultEntity: connection.default_entity,
  };
}

function bareTarget(host: string, input: TargetInput): Target {
  return {
    host,
    apiKey: input.apiKey ?? "",
    connection: undefined,
    defaultTenant: undefined,
    defaultEntity: undefined,
  };
}

function onlyConnection(config: Config): string | undefined {
  const names = Object.keys(config.connections);
  return names.length === 1 ? names[0] : undefined;
}

/** The error for a connection that is not in the config; names near ones. */
export function unknownConnection(config: Config, name: string): UsageError {
  const names = Object.keys(config.connections);
  const near = nearest(name, names);
  return new UsageError(
    `There is no connection "${name}".`,
    near
      ? `Did you mean ${near}?`
      : names.length > 0
        ? `There are: ${names.join(", ")}. Make one with \`ntro auth login --name ${name}\`.`
        : `Make it with \`ntro auth login --name ${name}\`.`,
  );
}

/** A host as requests need it: with scheme, with `/v1` where no path is given, without a slash at its end. Throws {@link UsageError}. */
export function normaliseHost(host: string): string {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(host) ? host : `${isLoopback(host) ? "http" : "https"}://${host}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new UsageError(`"${host}" is not the address of a server.`, "Type it like http://localhost:3000/v1.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new UsageError(`"${host}" is neither http nor https.`, "Type it like http://localhost:3000/v1.");
  if (url.username || url.password)
    throw new UsageError(
      "A host holds no user name or password.",
      "Give the key as NTRO_API_KEY or with `ntro auth login`.",
    );
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? "/v1" : path}`;
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/.test(host);
}

function sameHost(saved: string, host: string): boolean {
  try {
    return normaliseHost(saved) === host;
  } catch {
    return false;
  }
}
