import { sql } from "kysely";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { openDatabase, openPool } from "./database";
import { migrate, SchemaError } from "./migrate";

const log = pino({ level: "silent" });
let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});

afterAll(async () => {
  await postgres.stop();
});

it("migrates once, however many start at a time", async () => {
  const databases = [1, 2, 3].map(() => openDatabase(openPool(postgres.url, log)));
  await Promise.all(databases.map((db) => migrate(db)));
  for (const db of databases) await db.destroy();
});

it("refuses a database that a newer version has been at work on, and says the way out", async () => {
  const db = openDatabase(openPool(postgres.url, log));
  await migrate(db);
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', 'now')`.execute(db);
  await expect(migrate(db)).rejects.toThrow(SchemaError);
  await expect(migrate(db)).rejects.toThrow(/newer version of ntro.*9999-later/);
  await db.destroy();
});
