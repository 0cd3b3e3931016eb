import type { ActivityContext } from "@ntro/runbook";
import { decimal, money } from "@ntro/runbook";
import * as z from "zod";
import { type Account, Tenancy } from "./models";

type Database = ActivityContext["db"];

/** A record of document-ingest; the rows are those of its schema. */
const Payload = <Row extends z.ZodType>(row: Row) => z.object({ rows: z.array(row) });
const TrialBalance = Payload(
  z.object({ code: z.string(), account: z.string(), debit: money("GBP"), credit: money("GBP") }),
);
const RentRoll = Payload(Tenancy);

/** The accounts of a committed trial balance. */
export async function accountsOf(db: Database, entitySlug: string, record: string): Promise<Account[]> {
  const { rows } = TrialBalance.parse(await payloadOf(db, entitySlug, record));
  return rows.map(({ code, account, debit, credit }) => ({
    code,
    name: account,
    balance: decimal.subtract(debit, credit),
  }));
}

/** The tenancies of a committed rent roll. */
export async function tenanciesOf(db: Database, entitySlug: string, record: string): Promise<Tenancy[]> {
  return RentRoll.parse(await payloadOf(db, entitySlug, record)).rows;
}

async function payloadOf(db: Database, entitySlug: string, record: string): Promise<unknown> {
  const [found] = await db.query(
    "select payload from ingest.extracted_payloads where id = $1::uuid and entity_slug = $2",
    [record, entitySlug],
  );
  return found?.payload;
}
