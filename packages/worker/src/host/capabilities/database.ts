import type { Database } from "@ntro/runbook";
import type { Pool, PoolClient } from "pg";

/** The tenant's database for activities, through the tenant's own role. */
export function database(pool: Pool): Database {
  return { ...statements(pool), transaction: (work) => inTransaction(pool, work) };
}

function statements(runner: Pool | PoolClient): Pick<Database, "query"> {
  return {
    query: async <Row extends Record<string, unknown>>(sql: string, parameters: readonly unknown[] = []) =>
      (await runner.query<Row>(sql, [...parameters])).rows,
  };
}

async function inTransaction<T>(pool: Pool, work: (database: Database) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  // A transaction inside a transaction is the same one: all of it or nothing.
  const inner: Database = { ...statements(client), transaction: (nested) => nested(inner) };
  try {
    await client.query("begin");
    const result = await work(inner);
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
