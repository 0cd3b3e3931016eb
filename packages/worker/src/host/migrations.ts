import { digestOf, placeOf } from "@ntro/bundle";
import { type ClientBase, DatabaseError, type Pool } from "pg";
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
      await client.query(asOneStatement(client, sql)).catch((error: Error) => {
        throw failed(path, sql, error);
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

/** Run by PL/pgSQL, which refuses `commit` and its like: they would apply half of a deployment. */
function asOneStatement(client: ClientBase, sql: string): string {
  return `do ${client.escapeLiteral(`begin execute ${client.escapeLiteral(sql)}; end`)}`;
}

/** What Postgres says of statements that end or begin a transaction. */
const FEATURE_NOT_SUPPORTED = "0A000";

function failed(path: string, sql: string, error: Error): BundleFaulty {
  const { code, internalPosition } = error instanceof DatabaseError ? error : {};
  const ownTransaction = code === FEATURE_NOT_SUPPORTED && /transaction commands/.test(error.message);
  return new BundleFaulty([
    {
      code: "MIGRATION_FAILED",
      path,
      message: error.message,
      ...(internalPosition === undefined ? {} : placeOf(sql, Number(internalPosition) - 1)),
      hint: `${ownTransaction ? "All migrations run in one transaction: leave out begin and commit. " : ""}No migration of this deployment was applied.`,
    },
  ]);
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
