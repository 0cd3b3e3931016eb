import { digestOf } from "@ntro/bundle";
import type { Pool } from "pg";
import { BundleFaulty } from "./load-failure";

const FOLDER = "migrations/";

/**
 * Applies a bundle's SQL migrations that the tenant's database lacks, in the order of their names, all in one transaction, as the tenant's role. Two hosts at
 * once take turns.
 * @throws BundleFaulty with Postgres's own message, or when a file that was applied before has changed since
 */
export async function applyMigrations(
  pool: Pool,
  runbook: string,
  files: ReadonlyMap<string, string>,
): Promise<number> {
  const migrations = [...files]
    .filter(([path]) => path.startsWith(FOLDER) && path.endsWith(".sql"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (migrations.length === 0) return 0;
  const client = await pool.connect();
  let applied = 0;
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock(hashtext($1))", [`ntro migrations ${runbook}`]);
    for (const [path, sql] of migrations) {
      const name = path.slice(FOLDER.length);
      const { rows } = await client.query<{ digest: string }>(
        "select digest from system.migrations where runbook = $1 and name = $2",
        [runbook, name],
      );
      if (rows[0] && rows[0].digest !== digestOf(sql)) throw changed(path);
      if (rows[0]) continue;
      await client.query(sql).catch((error: Error) => {
        throw new BundleFaulty([
          {
            code: "MIGRATION_FAILED",
            path,
            message: error.message,
            hint: "No migration of this deployment was applied.",
          },
        ]);
      });
      await client.query("insert into system.migrations (runbook, name, digest) values ($1, $2, $3)", [
        runbook,
        name,
        digestOf(sql),
      ]);
      applied += 1;
    }
    await client.query("commit");
    return applied;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

function changed(path: string): BundleFaulty {
  return new BundleFaulty([
    {
      code: "MIGRATION_FAILED",
      path,
      message: "This migration was applied before with other content.",
      hint: "Leave applied migrations as they are and add a new file.",
    },
  ]);
}
