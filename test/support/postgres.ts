import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../../packages/cli/src/embedded/postgres";

/** A real PostgreSQL of a test's own. */
export interface TestPostgres {
  /** As superuser, to database `postgres`. */
  readonly url: string;
  /** Process id of the server, for tests that kill it. */
  readonly pid: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts a PostgreSQL with empty data on a free port of 127.0.0.1; one for a test file. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const home = await mkdtemp(join(tmpdir(), "ntro-test-"));
  const postgres = await startPostgres({ home, log: () => {} });
  return {
    url: postgres.url,
    pid: postgres.pid,
    stop: async () => {
      await postgres.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
