import { type Cell, decimal } from "@ntro/runbook";
import type { Account, Tenancy } from "./models";

type Read<T> = { ok: true; value: T } | { ok: false; problem: string };

/** A cell as an amount in pence-exact decimals; empty reads as none. */
function amountOf(cell: Cell | undefined): string | undefined {
  if (cell === null || cell === undefined || cell === "") return "0.00";
  const text = (typeof cell === "number" ? cell.toFixed(2) : String(cell)).replace(/[, ]/g, "");
  return /^-?\d+(\.\d{1,2})?$/.test(text) ? decimal.add(text, "0.00") : undefined;
}

/** The accounts of a trial balance: a header row with Code, Account, Debit and Credit, then one row for each account. */
export function readTrialBalance(rows: readonly Cell[][]): Read<Account[]> {
  const header = rows.findIndex((row) =>
    ["code", "account", "debit", "credit"].every((name, index) => String(row[index]).toLowerCase() === name),
  );
  if (header < 0) return { ok: false, problem: "The trial balance has no header row Code, Account, Debit, Credit." };
  const accounts: Account[] = [];
  for (const [index, row] of rows.slice(header + 1).entries()) {
    const [code, name, debit, credit] = row;
    if (!/^\d{4}$/.test(String(code))) continue;
    const [dr, cr] = [amountOf(debit), amountOf(credit)];
    if (dr === undefined || cr === undefined)
      return { ok: false, problem: `Row ${header + index + 2} of the trial balance has an amount that is none.` };
    accounts.push({ code: String(code), name: String(name), balance: decimal.subtract(dr, cr) });
  }
  if (accounts.length === 0) return { ok: false, problem: "The trial balance has no accounts." };
  const difference = decimal.sum(accounts.map((account) => account.balance));
  if (!decimal.isZero(difference))
    return { ok: false, problem: `The trial balance does not balance: debits exceed credits by ${difference}.` };
  return { ok: true, value: accounts };
}

/** The tenancies of a rent roll's text: lines that read `Unit <unit> <tenant> GBP <rent>`. */
export function readRentRoll(text: string): Read<Tenancy[]> {
  const tenancies = [...text.matchAll(/Unit (\S+)\s+(.+?)\s+GBP\s+([\d,]+\.\d{2})/g)].map(
    ([, unit = "", tenant = "", rent = ""]) => ({
      unit,
      tenant: tenant.trim(),
      rent: rent.replace(/,/g, ""),
    }),
  );
  return tenancies.length > 0
    ? { ok: true, value: tenancies }
    : { ok: false, problem: "The rent roll names no tenancies." };
}
