import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "pg";
import * as z from "zod";
import type { Platform } from "../platform";

/** The workspace's database; `ntro_t_…` are those of tenants. */
const WORKSPACE = "ntro_workspace";

const Running = z.object({ port: z.number() });

/** Pools by home and database; the platform ends their connections when it stops. */
const pools = new Map<string, Pool>();

/** Connections of the platform's own role to a database, the workspace's unless named. */
export function poolOf(platform: Platform, database = WORKSPACE): Pool {
  const { port } = Running.parse(JSON.parse(readFileSync(join(platform.home, "run/postgres.json"), "utf8")));
  const password = readFileSync(join(platform.home, "postgres/password"), "utf8").trim();
  const name = `${port} ${database}`;
  let pool = pools.get(name);
  if (!pool) {
    pool = new Pool({ host: "127.0.0.1", port, user: "ntro", password, database, max: 1, allowExitOnIdle: true });
    // Postgres ends what is idle when it stops.
    pool.on("error", () => {});
    pools.set(name, pool);
  }
  return pool;
}

/** Runs one statement as the platform's own role. */
export async function inDatabase(
  platform: Platform,
  sql: string,
  parameters: readonly unknown[] = [],
  database?: string,
): Promise<Record<string, unknown>[]> {
  return (await poolOf(platform, database).query(sql, [...parameters])).rows;
}

/** Runs one statement in every tenant's database; the rows by database. */
export async function inTenants(platform: Platform, sql: string): Promise<Record<string, Record<string, unknown>[]>> {
  const names = await inDatabase(platform, "select datname from pg_database where datname like 'ntro_t_%' order by 1");
  const found: Record<string, Record<string, unknown>[]> = {};
  for (const { datname } of names) found[String(datname)] = await inDatabase(platform, sql, [], String(datname));
  return found;
}
