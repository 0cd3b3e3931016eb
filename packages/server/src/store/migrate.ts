import { type Migration, Migrator, sql } from "kysely";
import type { Db } from "./database";
import { workspace } from "./migrations/0001-workspace";
import { python } from "./migrations/0002-python";
import { locks } from "./migrations/0003-locks";
import { repairs } from "./migrations/0004-repairs";
import { schedules } from "./migrations/0005-schedules";
import { backfills } from "./migrations/0006-backfills";
import { versions } from "./migrations/0007-versions";
import { sleep } from "./migrations/0008-sleep";
import { claims } from "./migrations/0009-claims";

/** Every migration of the workspace database by name, in order; listed here because the server is shipped as one file. */
const MIGRATIONS: Record<string, Migration> = {
  "0001-workspace": workspace,
  "0002-python": python,
  "0003-locks": locks,
  "0004-repairs": repairs,
  "0005-schedules": schedules,
  "0006-backfills": backfills,
  "0007-versions": versions,
  "0008-sleep": sleep,
  "0009-claims": claims,
};

/** The database holds something that this server cannot work with; the text says the way out. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

/**
 * Brings the workspace database to this server's schema; several servers may do so at once.
 * @throws SchemaError when a newer server has been at work on it
 */
export async function migrate(db: Db): Promise<void> {
  const newer = (await appliedMigrations(db)).filter((name) => !(name in MIGRATIONS));
  if (newer.length > 0)
    throw new SchemaError(
      `The workspace database was made by a newer version of ntro (it has the migration ${newer.join(", ")}). ` +
        "Install that version again, or name another database or data folder.",
    );
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results?.find(({ status }) => status === "Error")?.migrationName;
  throw failed ? new SchemaError(`The migration ${failed} of the workspace database failed.`, { cause: error }) : error;
}

async function appliedMigrations(db: Db): Promise<string[]> {
  const table = await sql<{ found: boolean }>`select to_regclass('kysely_migration') is not null as found`.execute(db);
  if (table.rows[0]?.found !== true) return [];
  const applied = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return applied.rows.map(({ name }) => name);
}
