import { decimal } from "@ntro/runbook";
import type { Account, Journal, Tenancy } from "./models";

/** Chart of accounts: 1xxx assets, 2xxx liabilities, 3xxx equity, 4xxx income, 5xxx expenses. */
const ACCOUNTS = { receivable: "1100", accruals: "2100", rent: "4000", fee: "5100" } as const;

const NAMES: Record<string, string> = {
  [ACCOUNTS.receivable]: "Rent receivable",
  [ACCOUNTS.accruals]: "Accruals",
  [ACCOUNTS.fee]: "Management fee",
};

const total = (accounts: readonly Account[], first: string) =>
  decimal.sum(accounts.filter((account) => account.code.startsWith(first)).map((account) => account.balance));

/** The accruals a month needs: rent that the roll has and the ledger has not, and the fee on the month's rent. */
export function proposeJournals(
  accounts: readonly Account[],
  tenancies: readonly Tenancy[],
  feePercent: string,
): Journal[] {
  const rent = decimal.sum(tenancies.map((tenancy) => tenancy.rent));
  const booked = decimal.negate(accounts.find((account) => account.code === ACCOUNTS.rent)?.balance ?? "0.00");
  const missing = decimal.subtract(rent, booked);
  const fee = decimal.divide(decimal.multiply(rent, feePercent, 6), "100");
  return [
    ...pair("rent", "Rent of the roll not yet booked", ACCOUNTS.receivable, ACCOUNTS.rent, missing),
    ...pair("fee", `Management fee ${feePercent} % of rent ${rent}`, ACCOUNTS.fee, ACCOUNTS.accruals, fee),
  ];
}

function pair(id: string, description: string, debit: string, credit: string, amount: string): Journal[] {
  if (decimal.compare(amount, "0") <= 0) return [];
  return [
    { id: `${id}-dr`, account: debit, description, debit: amount, credit: "0.00" },
    { id: `${id}-cr`, account: credit, description, debit: "0.00", credit: amount },
  ];
}

/** By how much debits exceed credits. */
export function imbalance(journals: readonly Pick<Journal, "debit" | "credit">[]): string {
  return decimal.subtract(
    decimal.sum(journals.map((line) => line.debit)),
    decimal.sum(journals.map((line) => line.credit)),
  );
}

/** The balances after the journals, in the order of their codes. */
export function post(accounts: readonly Account[], journals: readonly Journal[]): Account[] {
  const balances = new Map(accounts.map((account) => [account.code, account]));
  for (const { account: code, debit, credit } of journals) {
    const before = balances.get(code) ?? { code, name: NAMES[code] ?? `Account ${code}`, balance: "0.00" };
    balances.set(code, { ...before, balance: decimal.subtract(decimal.add(before.balance, debit), credit) });
  }
  return [...balances.values()].sort((a, b) => a.code.localeCompare(b.code));
}

/** Net asset value: assets less liabilities (which are credit balances). */
export function netAssetValue(accounts: readonly Account[]): { assets: string; liabilities: string; nav: string } {
  const assets = total(accounts, "1");
  const liabilities = decimal.negate(total(accounts, "2"));
  return { assets, liabilities, nav: decimal.subtract(assets, liabilities) };
}
