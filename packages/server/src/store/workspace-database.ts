import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Db } from "./database";
import { quoteName, withDatabase } from "./database";
import { withClient } from "./tenant-provisioning";

const WORKSPACE = "ntro_workspace";
/** Where to connect to make the workspace database when the URL names that itself. Every server has it. */
const MAINTENANCE = "postgres";
/** Any number that nothing else in the maintenance database locks: "ntro" in ASCII. */
const STARTING = 0x6e74726f;
/** Databases that PostgreSQL makes by itself and opens to everybody. */
const OPEN_BY_DEFAULT = ["postgres", "template1"];
/** Databases that are ours, PostgreSQL's or the embedded platform's: with only these on it, the server is ours alone. */
const OURS = /^(postgres|template[01]|ntro_workspace|ntro_t_[0-9a-f_]{36})$/;

/** Connection URLs of one Postgres server. */
export interface ServerUrls {
  readonly workspace: string;
  /** A database that is there before ours are. */
  readonly maintenance: string;
}

/** The URLs that follow from the one given, whichever database it names. */
export function serverUrls(databaseUrl: string): ServerUrls {
  const named = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  const maintenance = named === "" || named === WORKSPACE ? MAINTENANCE : named;
  return { workspace: withDatabase(databaseUrl, WORKSPACE), maintenance: withDatabase(databaseUrl, maintenance) };
}

/**
 * Makes the workspace database when it is not there, and closes it (on a server of our own: every database) to roles that were not let in, so that
 * a tenant's role reaches its own database alone.
 */
export async function prepareWorkspaceDatabase(urls: ServerUrls, log: Logger): Promise<void> {
  await withClient(urls.maintenance, log, async (client) => {
    // Two servers that start at once would get in each other's way. Given up with the connection.
    await client.query(`select pg_advisory_lock(${STARTING})`);
    const listed = await client.query<{ name: string; mine: boolean }>(
      `select datname as name, pg_has_role(datdba, 'usage') as mine from pg_database where datallowconn`,
    );
    const names = listed.rows.map(({ name }) => name);
    if (!names.includes(WORKSPACE)) await client.query(`create database ${quoteName(WORKSPACE)} template template0`);
    await client.query(`revoke all on database ${quoteName(WORKSPACE)} from public`);
    if (!names.every((name) => OURS.test(name))) {
      log.info("the database server is shared with others: access to their databases is theirs to limit");
      return;
    }
    for (const { name, mine } of listed.rows)
      if (mine && OPEN_BY_DEFAULT.includes(name))
        await client.query(`revoke all on database ${quoteName(name)} from public`);
  });
}

/** The organisation this platform belongs to; made once. */
export async function organisationId(db: Db): Promise<string> {
  await db
    .insertInto("platform")
    .values({ key: "organisation", value: JSON.stringify({ id: randomUUID() }) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db
    .selectFrom("platform")
    .select("value")
    .where("key", "=", "organisation")
    .executeTakeFirstOrThrow();
  return String(row.value.id);
}
