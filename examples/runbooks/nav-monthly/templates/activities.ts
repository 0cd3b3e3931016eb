import { activity, fail } from "@ntro/runbook";
import * as z from "zod";
import { netAssetValue, post, proposeJournals } from "./accounts";
import { Books, Close, Journal, Period, Proposal, Records, Rejection, Summary } from "./models";
import { accountsOf, tenanciesOf } from "./records";

const Done = z.object({ done: z.literal(true) });

/** Opens the period, unless it is closed. */
export const openPeriod = activity({
  input: Period,
  output: Done,
  short: true,
  run: async ({ period }, { db, entity, task }) => {
    const [closed] = await db.query(
      "select 1 from ledgers.nav_periods where entity_id = $1 and period = $2 and status = 'CLOSED'",
      [entity.id, period],
    );
    if (closed) fail(`${period} of ${entity.slug} is closed already.`, { type: "PeriodClosed" });
    await db.query(
      `insert into ledgers.nav_periods (entity_id, period, status, task_id) values ($1, $2, 'OPEN', $3)
       on conflict (entity_id, period) do update set status = 'OPEN', reason = null, task_id = excluded.task_id, updated_at = now()`,
      [entity.id, period, task.id],
    );
    return { done: true };
  },
});

/** The rows that document-ingest has committed, as accounts and tenancies. */
export const readBooks = activity({
  input: Records,
  output: Books,
  short: true,
  run: async ({ trialBalance, rentRoll }, { db, entity }) => ({
    accounts: await accountsOf(db, entity.slug, trialBalance),
    tenancies: await tenanciesOf(db, entity.slug, rentRoll),
  }),
});

export const propose = activity({
  input: Proposal,
  output: z.object({ journals: z.array(Journal) }),
  short: true,
  run: ({ accounts, tenancies, managementFeePercent }) => ({
    journals: proposeJournals(accounts, tenancies, managementFeePercent),
  }),
});

/** Posts the journals and the NAV, and writes the workbook. Done twice it leaves the same. */
export const close = activity({
  input: Close,
  output: Summary,
  onFailure: "ask",
  run: async ({ period, accounts, journals, approvedBy }, { db, entity, task, storage }) => {
    const closing = post(accounts, journals);
    const value = netAssetValue(closing);
    const report = await storage.writeWorkbook(`${entity.slug}/nav-${period}.xlsx`, [
      {
        name: "NAV",
        widths: [28, 18],
        rows: [
          ["Entity", entity.slug],
          ["Period", period],
          ["Assets", { amount: value.assets }],
          ["Liabilities", { amount: value.liabilities }],
          ["NAV", { amount: value.nav }],
          ["Approved by", approvedBy],
        ],
      },
      {
        name: "Journals",
        widths: [10, 44, 16, 16],
        rows: [
          ["Account", "Description", "Debit", "Credit"],
          ...journals.map((line) => [line.account, line.description, { amount: line.debit }, { amount: line.credit }]),
        ],
      },
      {
        name: "Closing balances",
        widths: [10, 32, 18],
        rows: [
          ["Code", "Account", "Balance"],
          ...closing.map((account) => [account.code, account.name, { amount: account.balance }]),
        ],
      },
    ]);
    await db.transaction(async (tx) => {
      await tx.query("delete from ledgers.nav_journals where entity_id = $1 and period = $2", [entity.id, period]);
      for (const line of journals) {
        await tx.query(
          "insert into ledgers.nav_journals (entity_id, period, line, account, description, debit, credit, task_id) values ($1, $2, $3, $4, $5, $6, $7, $8)",
          [entity.id, period, line.id, line.account, line.description, line.debit, line.credit, task.id],
        );
      }
      await tx.query(
        "update ledgers.nav_periods set status = 'CLOSED', nav = $3, report = $4, updated_at = now() where entity_id = $1 and period = $2",
        [entity.id, period, value.nav, report.path],
      );
    });
    return { period, ...value, journals: journals.length, approvedBy, report: report.location };
  },
});

export const recordRejection = activity({
  input: Rejection,
  output: Done,
  run: async ({ period, reason }, { db, entity }) => {
    await db.query(
      "update ledgers.nav_periods set status = 'REJECTED', reason = $3, updated_at = now() where entity_id = $1 and period = $2",
      [entity.id, period, reason],
    );
    return { done: true };
  },
});
