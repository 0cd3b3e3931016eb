import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig, writeConfig } from "../config";
import { writePrivateFile } from "../embedded/service-state";

/** The secrets of a home; files of mode 0600 below `keys/`. */
export interface Keys {
  /** File with 32 random bytes in hex: keys of hosts and passwords of tenants' roles are derived from it. */
  readonly secretFile: string;
  readonly adminKey: string;
  /** File that holds the worker's key. */
  readonly workerKeyFile: string;
  readonly adminHash: string;
  readonly workerHash: string;
}

/** Reads the secrets of a home, made at its first start. */
export function ensureKeys(home: string): Keys {
  const folder = join(home, "keys");
  const secretFile = join(folder, "secret");
  const workerKeyFile = join(folder, "worker.key");
  ensureFile(secretFile, () => randomBytes(32).toString("hex"));
  const adminKey = ensureFile(join(folder, "admin.key"), () => `ntro_key_${randomBytes(32).toString("base64url")}`);
  const workerKey = ensureFile(workerKeyFile, () => `ntro_worker_${randomBytes(32).toString("base64url")}`);
  return { secretFile, workerKeyFile, adminKey, adminHash: sha256(adminKey), workerHash: sha256(workerKey) };
}

function ensureFile(file: string, make: () => string): string {
  if (!existsSync(file)) writePrivateFile(file, `${make()}\n`);
  return readFileSync(file, "utf8").trim();
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * Saves the platform of this home as connection `local`, and as the default where there is none. A connection `local` that leads elsewhere is
 * left as it is.
 * @param host such as `http://127.0.0.1:3000/v1`
 */
export function saveLocalConnection(home: string, host: string, adminKey: string): void {
  const config = readConfig(home);
  const local = config.connections.local;
  if (local && local.api_key !== adminKey && local.api_key !== "") return;
  if (local?.host === host && local.api_key === adminKey && config.default_connection_name !== undefined) return;
  config.connections.local = { ...local, host, api_key: adminKey };
  config.default_connection_name ??= "local";
  writeConfig(home, config);
}
