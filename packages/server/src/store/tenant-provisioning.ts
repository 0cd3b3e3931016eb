import pg from "pg";
import type { Logger } from "pino";
import { scramVerifier, tenantDatabasePassword } from "../secrets";
import { quoteName, withDatabase } from "./database";
import { tenantDatabaseName } from "./tenant-databases";
import { tenantSchema } from "./tenant-schema";

/** Connections a tenant's role may hold: its hosts' pools, with room for a host that is being replaced. */
const ROLE_CONNECTIONS = 60;

/**
 * Makes a tenant's role and database, or whatever of them is missing: it may be killed at any point and run again.
 * @param url a database of the server other than the tenant's
 */
export async function createTenantDatabase(
  url: string,
  tenant: { id: string; slug: string },
  secret: Buffer,
  log: Logger,
): Promise<void> {
  const name = tenantDatabaseName(tenant.id);
  const quoted = quoteName(name);
  await withClient(url, log, async (client) => {
    if (!(await exists(client, "pg_roles", "rolname", name))) await client.query(`create role ${quoted}`);
    const verifier = scramVerifier(tenantDatabasePassword(secret, tenant.id));
    await client.query(`alter role ${quoted} login password '${verifier}' connection limit ${ROLE_CONNECTIONS}`);
    // A platform role that is no superuser must be a member of the role to give it schemas.
    await client.query(`grant ${quoted} to current_user`);
    // From template0: a connection that somebody has to template1 would make it fail.
    if (!(await exists(client, "pg_database", "datname", name)))
      await client.query(`create database ${quoted} template template0`);
    await client.query(`revoke all on database ${quoted} from public`);
    // "create" because bundles' migrations say `create schema if not exists ledgers`, which asks for it even when there is one.
    await client.query(`grant connect, create, temporary on database ${quoted} to ${quoted}`);
    await client.query(`comment on database ${quoted} is ${pg.escapeLiteral(`ntro tenant ${tenant.slug}`)}`);
  });
  await bringToSchema(url, tenant.id, log);
}

/** Brings a tenant's database to the present schema; everything that is there stays. */
export async function bringToSchema(url: string, tenantId: string, log: Logger): Promise<void> {
  const name = tenantDatabaseName(tenantId);
  await withClient(withDatabase(url, name), log, async (client) => {
    await client.query("begin");
    // Two servers that start at a time would create the same table at a time.
    await client.query("select pg_advisory_xact_lock(hashtextextended('ntro-tenant-schema', 0))");
    for (const statement of tenantSchema(name)) await client.query(statement);
    await client.query("commit");
  });
}

/** Drops a tenant's database with everything in it, and its role; nothing happens when they are gone. */
export async function dropTenantDatabase(url: string, tenantId: string, log: Logger): Promise<void> {
  const name = tenantDatabaseName(tenantId);
  await withClient(url, log, async (client) => {
    if (await exists(client, "pg_database", "datname", name))
      await client.query(`drop database ${quoteName(name)} with (force)`);
    await client.query(`drop role if exists ${quoteName(name)}`);
  });
}

async function exists(
  client: pg.Client,
  catalog: "pg_roles" | "pg_database",
  column: string,
  name: string,
): Promise<boolean> {
  const found = await client.query(`select 1 from ${catalog} where ${column} = $1`, [name]);
  return found.rows.length > 0;
}

/** Runs statements on a connection of their own. */
export async function withClient<T>(url: string, log: Logger, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: "ntro-admin",
  });
  // An end of the connection between two statements is reported by the next one.
  client.on("error", (error) => log.warn({ err: error }, "a database connection was lost"));
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
