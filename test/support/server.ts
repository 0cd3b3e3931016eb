import { randomBytes } from "node:crypto";
import { NtroClient, NtroError, type Role } from "@ntro/contract";
import { destination } from "pino";
import { duties } from "../../packages/server/src/duties";
import type { Engine } from "../../packages/server/src/engine/engine";
import { handlers } from "../../packages/server/src/http/handlers";
import { makeLog } from "../../packages/server/src/log";
import { hashKey, makeKey } from "../../packages/server/src/secrets";
import type { Settings } from "../../packages/server/src/settings";
import { type Parts, type RunningServer, startServer } from "../../packages/server/src/start";
import { addKey } from "../../packages/server/src/store/keys";

/** A server in the test's process, on a free port. */
export interface TestServer extends RunningServer {
  readonly settings: Settings;
  /** Keys of the organisation that were there from the start. */
  readonly keys: { readonly admin: string; readonly worker: string };
  /** Makes a key, for one tenant where its id is given. */
  makeKey(role: Role, tenantId?: string | null): Promise<string>;
  /** A client with a key: the admin's unless given. */
  client(apiKey?: string): NtroClient;
}

/** What a test may set. */
export interface TestServerOptions {
  readonly settings?: Partial<Settings>;
  /** Temporal; one that is away unless given. */
  readonly engine?: Parts["engine"];
  /** Keep the keys of an earlier server. */
  readonly keys?: { readonly admin: string; readonly worker: string };
}

/** Starts the whole server on a database of a test's own. */
export async function startTestServer(databaseUrl: string, options: TestServerOptions = {}): Promise<TestServer> {
  const keys = options.keys ?? { admin: makeKey(), worker: makeKey() };
  const settings: Settings = {
    databaseUrl,
    temporal: { address: "127.0.0.1:1", namespace: "default" },
    listen: { host: "127.0.0.1", port: 0 },
    secret: randomBytes(32),
    tenantUiUrl: null,
    keyHashes: { admin: hashKey(keys.admin), worker: hashKey(keys.worker) },
    idleMs: 600_000,
    limits: { fileBytes: 25 * 1024 * 1024 },
    ...options.settings,
  };
  const log = makeLog(process.env.NTRO_TEST_LOG ?? "silent", destination(2));
  const engine = options.engine ?? (async () => engineThatIsAway());
  const server = await startServer(settings, { handlers, duties, engine, version: "0.0.0-test", log });
  return {
    ...server,
    settings,
    keys,
    makeKey: async (role, tenantId = null) => {
      const key = makeKey();
      await addKey(server.services.db, {
        hash: hashKey(key),
        prefix: key.slice(0, 10),
        name: `Test ${role}`,
        email: "",
        role,
        tenantId,
      });
      return key;
    },
    client: (apiKey = keys.admin) => new NtroClient({ host: `${server.url}/v1`, apiKey }),
  };
}

/** The engine as the server sees it while Temporal cannot be reached. */
function engineThatIsAway(): Engine {
  const away = async (): Promise<never> => {
    throw new NtroError("ENGINE_UNAVAILABLE", "Temporal cannot be reached.");
  };
  return {
    start: away,
    state: away,
    update: away,
    describe: away,
    inspect: away,
    look: away,
    timeOfEvent: away,
    signal: away,
    cancel: away,
    terminate: away,
    closedSince: away,
    hasBacklog: away,
    startBackfill: away,
    schedules: {
      put: away,
      remove: away,
      spec: away,
      times: away,
      fireAgain: away,
      preview: away,
      dropPreviews: away,
    },
    healthy: async () => false,
    close: async () => {},
  };
}
