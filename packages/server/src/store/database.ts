import { NtroError } from "@ntro/contract";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import type { Tables } from "./tables";

/** The workspace database, or a transaction on it. */
export type Db = Kysely<Tables>;

/** SQLSTATEs of a server that is not there, is starting or stopping, or has no connection left. */
const AWAY_STATES = /^(08...|57P0[1-5]|53300)$/;
const AWAY_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);
const AWAY_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout)/;
/** Serialization failure and deadlock: the same transaction succeeds when it is run again. */
const RETRY_STATES = new Set(["40001", "40P01"]);
const ATTEMPTS = 4;

function stateOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether an error means that Postgres cannot be reached at the moment, so that it is worth trying again later. */
export function isStoreAway(error: unknown): boolean {
  if (error instanceof NtroError) return error.code === "STORE_UNAVAILABLE";
  if (error instanceof AggregateError) return error.errors.some(isStoreAway);
  if (!(error instanceof Error)) return false;
  const code = stateOf(error);
  return (code !== undefined && (AWAY_STATES.test(code) || AWAY_CODES.has(code))) || AWAY_MESSAGES.test(error.message);
}

/** The error to answer with when Postgres cannot be reached. */
export function storeUnavailable(cause: unknown): NtroError {
  return new NtroError("STORE_UNAVAILABLE", "The database does not answer at the moment.", {
    hint: "Try again shortly; `ntro status` shows what runs.",
    cause,
  });
}

/** Whether an insert or update broke this unique constraint or index. */
export function breaksConstraint(error: unknown, constraint: string): boolean {
  return (
    stateOf(error) === "23505" && error instanceof Error && "constraint" in error && error.constraint === constraint
  );
}

/** A pool that outlives restarts of Postgres: broken connections are dropped, later ones made anew. */
export function openPool(url: string, log: Logger, options: Partial<pg.PoolConfig> = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    // A query that hangs must not hold a request for ever.
    query_timeout: 60_000,
    keepAlive: true,
    application_name: "ntro-server",
    ...options,
  });
  // Without listeners the loss of a connection, idle or lent out, would end the process. Whoever uses it sees the error as well.
  pool.on("error", (error) => log.warn({ err: error }, "an idle database connection was lost"));
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** The workspace database over a pool; destroying it ends the pool. */
export function openDatabase(pool: pg.Pool): Db {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** Runs one transaction, again when Postgres chose it as the victim of a deadlock. `work` must have no effect outside of it. */
export async function inTransaction<T>(db: Db, work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !RETRY_STATES.has(stateOf(error) ?? "")) throw error;
    }
  }
}

/** A connection URL with another database in it. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** A name as SQL quotes it. */
export function quoteName(name: string): string {
  return pg.escapeIdentifier(name);
}
