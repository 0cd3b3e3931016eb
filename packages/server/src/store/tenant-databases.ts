import type pg from "pg";
import type { Logger } from "pino";
import { tenantDatabasePassword } from "../secrets";
import { openPool, withDatabase } from "./database";

/** Name of a tenant's database and of its role. By id, as slugs may be too long for a name of Postgres (63 bytes). */
export function tenantDatabaseName(tenantId: string): string {
  return `ntro_t_${tenantId.replaceAll("-", "_")}`;
}

/** Connections to one tenant's database at most, for each server process. */
const POOL_SIZE = 4;
/** Milliseconds without a query until a tenant's pool is closed. */
const IDLE = 60_000;

interface Open {
  readonly pool: pg.Pool;
  usedAt: number;
  inUse: number;
}

/** The tenants' databases, as the platform's role; pools are opened when first used and closed when idle. */
export class TenantDatabases {
  readonly #open = new Map<string, Open>();
  readonly #closing = new Set<Promise<void>>();
  readonly #sweep: NodeJS.Timeout;

  /** @param url any database of the server; host, port and role are taken from it */
  constructor(
    private readonly url: string,
    private readonly secret: Buffer,
    private readonly log: Logger,
  ) {
    this.#sweep = setInterval(() => this.closeIdle(), IDLE);
    this.#sweep.unref();
  }

  /** Rows of one statement in a tenant's database. The caller knows the columns it selects: `Row` is not checked. */
  async query<Row extends pg.QueryResultRow>(
    tenantId: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    return this.#use(tenantId, async (pool) => (await pool.query<Row>(text, [...values])).rows);
  }

  /** Runs statements on one connection as one transaction; rolled back when `work` throws. */
  async transaction<T>(tenantId: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.connection(tenantId, async (client) => {
      await client.query("begin");
      try {
        const result = await work(client);
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback").catch(() => {});
        throw error;
      }
    });
  }

  /** Lends one connection, such as for a long write; it is closed for good when `work` throws. */
  async connection<T>(tenantId: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#use(tenantId, async (pool) => {
      const client = await pool.connect();
      try {
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        // Its state is not known: half a transaction may be open.
        client.release(true);
        throw error;
      }
    });
  }

  /** The connection of the tenant's own role to the tenant's own database; a secret. */
  roleUrl(tenantId: string): string {
    const url = new URL(withDatabase(this.url, tenantDatabaseName(tenantId)));
    url.username = tenantDatabaseName(tenantId);
    url.password = tenantDatabasePassword(this.secret, tenantId);
    return url.href;
  }

  /** Closes the pool of one tenant, such as before its database is dropped. */
  async release(tenantId: string): Promise<void> {
    const open = this.#open.get(tenantId);
    this.#open.delete(tenantId);
    await open?.pool.end();
  }

  /** Closes the pools that nothing used for a minute. */
  closeIdle(now = Date.now()): void {
    for (const [tenantId, open] of this.#open) {
      if (open.inUse > 0 || now - open.usedAt < IDLE) continue;
      const closing = this.release(tenantId).catch((error: unknown) =>
        this.log.warn({ err: error, tenantId }, "a tenant's pool did not close"),
      );
      this.#closing.add(closing);
      void closing.finally(() => this.#closing.delete(closing));
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#open.keys()].map((tenantId) => this.release(tenantId)));
    await Promise.all(this.#closing);
  }

  async #use<T>(tenantId: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
    let open = this.#open.get(tenantId);
    if (!open) {
      const url = withDatabase(this.url, tenantDatabaseName(tenantId));
      open = { pool: openPool(url, this.log, { max: POOL_SIZE, idleTimeoutMillis: 10_000 }), usedAt: 0, inUse: 0 };
      this.#open.set(tenantId, open);
    }
    open.inUse++;
    try {
      return await work(open.pool);
    } finally {
      open.inUse--;
      open.usedAt = Date.now();
    }
  }
}
