import * as z from "zod";
import { decimal } from "./decimal";

/** How many decimals a currency has (ISO 4217 as the runtime's Intl data has it): 2 for GBP, 0 for JPY. Throws `RangeError` for what is no currency code. */
export function currencyDecimals(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * An amount of money: a decimal string with at most the currency's decimals, such as `"1250.00"`, in JSON, in tables and in mocks. Never a float.
 * Parsing writes it out in full (`"5"` becomes `"5.00"` in GBP). Calculate with {@link decimal}.
 */
export function money(currency: string) {
  const decimals = currencyDecimals(currency);
  const pattern = decimals === 0 ? /^-?\d{1,24}$/ : new RegExp(`^-?\\d{1,24}(\\.\\d{1,${decimals}})?$`);
  return z
    .string()
    .regex(
      pattern,
      `write an amount of ${currency} as a decimal with at most ${decimals} decimals, such as 1250${decimals ? `.${"0".repeat(decimals)}` : ""}`,
    )
    .overwrite((value) => (pattern.test(value) ? decimal.round(value, decimals) : value))
    .meta({ format: "money", currency });
}

/** An accounting period `YYYY-MM`. */
export function period() {
  return z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/, "write a period as YYYY-MM, such as 2026-03")
    .meta({ format: "period" });
}

/** A calendar date `YYYY-MM-DD`; no time, no zone. */
export function date() {
  return z.iso.date("write a date as YYYY-MM-DD");
}

const fileShape = {
  ref: z.string(),
  source: z.string(),
  filename: z.string(),
  contentType: z.string(),
  sizeBytes: z.number().int(),
  sha256: z.string(),
};

/** A file in the tenant's database. Workflow code passes it on; activities read its bytes through `documents`. */
export const SubmittedFile = z.object(fileShape);
export type SubmittedFile = z.infer<typeof SubmittedFile>;
