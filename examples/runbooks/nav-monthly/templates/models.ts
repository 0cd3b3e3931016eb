import { money, period } from "@ntro/runbook";
import * as z from "zod";

/** The start parameters. */
export const Input = z.object({
  period: period().describe("The month to close"),
  managementFeePercent: z
    .string()
    .regex(/^\d{1,2}(\.\d{1,4})?$/)
    .default("2.5")
    .describe("Management fee in percent of the month's rent"),
});

export const Period = z.object({ period: period() });

/** What document-ingest takes: which document, and as what it is read. */
export const IngestInput = z.object({
  period: period(),
  source: z.string(),
  schema_slug: z.enum(["trial-balance", "rent-roll"]),
  title: z.string(),
});

/** What it results in, as far as it is used here: the file, and the record its reviewed rows are in. */
export const Ingested = z.object({
  record_id: z.string(),
  document_ref: z.string(),
  source: z.string(),
  filename: z.string(),
  content_type: z.string(),
  size_bytes: z.number().int(),
  sha256: z.string(),
});
export type Ingested = z.infer<typeof Ingested>;

/** The records of both documents, by their ids. */
export const Records = z.object({ trialBalance: z.string(), rentRoll: z.string() });

/** Positive is a debit balance. */
export const Account = z.object({ code: z.string(), name: z.string(), balance: money("GBP") });
export type Account = z.infer<typeof Account>;
export const Tenancy = z.object({ unit: z.string(), tenant: z.string(), rent: money("GBP") });
export type Tenancy = z.infer<typeof Tenancy>;

export const Journal = z.object({
  id: z.string(),
  account: z.string().regex(/^\d{4}$/, "an account code has four digits"),
  description: z.string(),
  debit: money("GBP"),
  credit: money("GBP"),
});
export type Journal = z.infer<typeof Journal>;

export const Books = z.object({ accounts: z.array(Account), tenancies: z.array(Tenancy) });
export const Proposal = Books.extend({ managementFeePercent: z.string() });
export const Close = z.object({
  period: period(),
  accounts: z.array(Account),
  journals: z.array(Journal),
  approvedBy: z.string(),
});
export const Rejection = z.object({ period: period(), reason: z.string() });

export const Summary = z.object({
  period: period(),
  assets: money("GBP"),
  liabilities: money("GBP"),
  nav: money("GBP"),
  journals: z.number().int(),
  approvedBy: z.string(),
  /** Where the workbook lies. */
  report: z.string(),
});
