import { decimal } from "@ntro/runbook";
import type { Invoice, Match, Payment } from "./models";

/** The payments whose reference names an invoice, and what stays open of it. */
export function matchInvoice(invoice: Invoice, payments: readonly Payment[], tolerance: string): Match {
  const own = payments.filter(
    ({ reference, currency }) => currency === invoice.currency && reference.includes(invoice.number),
  );
  const open = decimal.subtract(
    invoice.total,
    own.reduce((sum, { amount }) => decimal.add(sum, amount), "0.00"),
  );
  const ids = own.map(({ id }) => id);
  if (own.length === 0) return { status: "open", invoice: invoice.number, open };
  if (decimal.compare(open, tolerance) <= 0) return { status: "paid", invoice: invoice.number, payments: ids };
  return { status: "part", invoice: invoice.number, payments: ids, open };
}

/** What is open, by currency. */
export function openByCurrency(
  invoices: readonly Invoice[],
  matches: readonly Match[],
): Record<Invoice["currency"], string> {
  const sums: Record<Invoice["currency"], string> = { EUR: "0.00", GBP: "0.00", USD: "0.00" };
  for (const match of matches) {
    const invoice = invoices.find(({ number }) => number === match.invoice);
    if (invoice && match.status !== "paid") sums[invoice.currency] = decimal.add(sums[invoice.currency], match.open);
  }
  return sums;
}
