import { activity } from "@ntro/runbook";
import * as z from "zod";
import { matchInvoice, openByCurrency } from "./matching";
import { Books, Match, Money, Period, Report } from "./models";

export const collect = activity({
  input: z.object({ period: Period }),
  output: Books,
  short: true,
  run: async ({ period }) => ({ period, invoices: [], payments: [] }),
});

export const match = activity({
  input: Books.extend({ tolerance: Money }),
  output: z.array(Match),
  short: true,
  run: async ({ invoices, payments, tolerance }) =>
    invoices.map((invoice) => matchInvoice(invoice, payments, tolerance)),
});

export const report = activity({
  input: Books.extend({ matches: z.array(Match) }),
  output: Report,
  short: true,
  run: async ({ period, invoices, matches }) => ({ period, matches, open: openByCurrency(invoices, matches) }),
});
