import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Engine } from "./engine/engine";
import { wakingEngine } from "./engine/waking";
import type { Handlers } from "./http/handler";
import { makeHttpServer } from "./http/server";
import type { Services } from "./services";
import type { Settings } from "./settings";
import { awakener, noteInterval } from "./store/awake";
import { isStoreAway, openDatabase, openPool } from "./store/database";
import { EventBus } from "./store/event-bus";
import { putLauncherKeys } from "./store/keys";
import { migrate } from "./store/migrate";
import { TenantDatabases } from "./store/tenant-databases";
import { organisationId, prepareWorkspaceDatabase, serverUrls } from "./store/workspace-database";
import { upgradeTenants } from "./tenant-lifecycle";
import { type Duty, Upkeep } from "./upkeep";

/** What a server is made of besides its settings. */
export interface Parts {
  readonly handlers: Handlers;
  readonly duties: (services: Services) => readonly Duty[];
  /** Connects to Temporal, waiting a bounded time for it. The server closes it. */
  readonly engine: (settings: Settings, log: Logger) => Promise<Engine>;
  readonly version: string;
  readonly log: Logger;
}

/** A server that listens. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:3000`, without the `/v1` that all routes begin with. */
  readonly url: string;
  readonly services: Services;
  readonly upkeep: Upkeep;
  /** Stops in order: no new requests, streams end, requests and duties finish, connections close. */
  close(): Promise<void>;
}

/** Milliseconds to wait at start for Postgres. */
const PATIENCE = 60_000;
/** Milliseconds that requests have to end when the server closes. */
const LAST_REQUESTS = 5_000;

/**
 * Starts the server: database made and migrated, keys in place, listening.
 * @throws SchemaError, or the last error of a Postgres or Temporal that did not answer for a minute
 */
export async function startServer(settings: Settings, parts: Parts): Promise<RunningServer> {
  const { log } = parts;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse())
      await closeOne().catch((error: unknown) =>
        log.warn({ err: error }, "a part of the server did not close in order"),
      );
  };
  try {
    const services = await openServices(settings, parts, closers);
    // Requests find every tenant's database as this version expects it.
    await patiently(() => upgradeTenants(services), log);
    const app = await makeHttpServer(services, parts.handlers);
    const upkeep = new Upkeep(parts.duties(services), log);
    closers.push(() => upkeep.close());
    closers.push(() => closeHttp(app));
    await app.listen({ host: settings.listen.host, port: settings.listen.port });
    upkeep.start();
    return { url: urlOf(app.server.address()), services, upkeep, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openServices(
  settings: Settings,
  { engine: connect, log, version }: Parts,
  closers: (() => Promise<unknown>)[],
): Promise<Services> {
  const urls = serverUrls(settings.databaseUrl);
  await patiently(() => prepareWorkspaceDatabase(urls, log), log);
  const db = openDatabase(openPool(urls.workspace, log));
  closers.push(() => db.destroy());
  await patiently(() => migrate(db), log);
  await putLauncherKeys(db, settings.keyHashes);
  const orgId = await organisationId(db);
  const tenantDatabases = new TenantDatabases(urls.maintenance, settings.secret, log);
  closers.push(() => tenantDatabases.close());
  const events = new EventBus(db, urls.workspace, log);
  closers.push(() => events.close());
  await events.start();
  const connected = await connect(settings, log);
  closers.push(() => connected.close());
  const engine = wakingEngine(connected, awakener(db, settings.idleMs, log), noteInterval(settings.idleMs));
  return { settings, orgId, version, db, tenantDatabases, engine, events, log };
}

/** Lets requests end; connections that are still busy after a while are cut. */
async function closeHttp(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), LAST_REQUESTS);
  await app.close();
  clearTimeout(timer);
}

/** Tries again while Postgres is away, up to {@link PATIENCE}. */
async function patiently(work: () => Promise<void>, log: Logger): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isStoreAway(error) || Date.now() > deadline) throw error;
      log.info({ err: error }, "waiting for Postgres");
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
