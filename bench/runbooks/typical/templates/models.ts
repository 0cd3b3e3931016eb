import * as z from "zod";

export const Money = z.string().regex(/^-?\d+(\.\d{1,2})?$/);
const Currency = z.enum(["EUR", "GBP", "USD"]);
export const Period = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

const Address = z.object({
  street: z.string(),
  city: z.string(),
  postcode: z.string(),
  country: z.string().length(2),
});
const Party = z.object({
  id: z.string(),
  name: z.string().min(1),
  taxNumber: z.string().nullable(),
  address: Address.optional(),
});

const InvoiceLine = z.object({
  id: z.string(),
  text: z.string(),
  quantity: z.number().positive(),
  unitPrice: Money,
  taxPercent: z.number().min(0).max(100),
});

export const Invoice = z.object({
  number: z.string().min(1),
  issued: z.iso.date(),
  due: z.iso.date(),
  currency: Currency,
  seller: Party,
  buyer: Party,
  lines: z.array(InvoiceLine).min(1),
  total: Money,
  notes: z.string().max(2_000).optional(),
});
export type Invoice = z.infer<typeof Invoice>;

export const Payment = z.object({
  id: z.string(),
  booked: z.iso.date(),
  amount: Money,
  currency: Currency,
  reference: z.string(),
  payer: z.string(),
});
export type Payment = z.infer<typeof Payment>;

export const Match = z.discriminatedUnion("status", [
  z.object({ status: z.literal("paid"), invoice: z.string(), payments: z.array(z.string()).min(1) }),
  z.object({ status: z.literal("part"), invoice: z.string(), payments: z.array(z.string()).min(1), open: Money }),
  z.object({ status: z.literal("open"), invoice: z.string(), open: Money }),
]);
export type Match = z.infer<typeof Match>;

export const Books = z.object({ period: Period, invoices: z.array(Invoice), payments: z.array(Payment) });
export const Report = z.object({ period: Period, matches: z.array(Match), open: z.record(Currency, Money) });
export const Input = z.object({
  period: Period.default("2026-03"),
  tolerance: Money.default("0.00").describe("Differences up to this are taken as paid"),
});
