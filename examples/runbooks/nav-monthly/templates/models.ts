import { money, period, SubmittedFile } from "@ntro/runbook";
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
export const Sources = z.object({ trialBalance: SubmittedFile, rentRoll: SubmittedFile });

/** Positive is a debit balance. */
export const Account = z.object({ code: z.string(), name: z.string(), balance: money("GBP") });
export type Account = z.infer<typeof Account>;
export const Tenancy = z.object({ unit: z.string(), tenant: z.string(), rent: money("GBP") });
export type Tenancy = z.infer<typeof Tenancy>;

export const Read = z.discriminatedUnion("status", [
  z.object({ status: z.literal("ok"), accounts: z.array(Account), tenancies: z.array(Tenancy) }),
  z.object({ status: z.literal("unusable"), problem: z.string() }),
]);

export const Journal = z.object({
  id: z.string(),
  account: z.string().regex(/^\d{4}$/, "an account code has four digits"),
  description: z.string(),
  debit: money("GBP"),
  credit: money("GBP"),
});
export type Journal = z.infer<typeof Journal>;

export const Books = z.object({
  accounts: z.array(Account),
  tenancies: z.array(Tenancy),
  managementFeePercent: z.string(),
});
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
