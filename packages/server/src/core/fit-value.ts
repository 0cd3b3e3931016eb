/** A typed value made to fit a cell, or what the cell takes. */
export type Fitted =
  | { readonly fits: true; readonly value: unknown }
  | { readonly fits: false; readonly expected: string };

export interface Cell {
  /** One of text, number, currency, money, date, boolean, dr_cr; anything else is text. */
  readonly type: string;
  /** What the cell holds now; the new value takes its form. */
  readonly present: unknown;
  /** ISO 4217, of a cell that holds money. */
  readonly currency: string | undefined;
}

const fits = (value: unknown): Fitted => ({ fits: true, value });
const refuse = (expected: string): Fitted => ({ fits: false, expected });

/**
 * Makes what a person typed (text, or a JSON value) fit a cell. Numbers stay exact: where the cell holds a decimal string the answer is one, with
 * at least as many decimals; only where it holds a JSON number the answer is one.
 */
export function fitValue(typed: unknown, cell: Cell): Fitted {
  if (typed === null)
    return cell.present === null || cell.present === undefined ? fits(null) : refuse("a value; it cannot be emptied");
  switch (cell.type) {
    case "currency":
    case "money":
      return fitMoney(typed, cell);
    case "number":
      return fitNumber(typed, cell.present);
    case "boolean":
      return fitBoolean(typed);
    case "dr_cr":
      return fitSide(typed, cell.present);
    case "date":
      return fitDate(typed);
    default:
      return fitText(typed, cell.present);
  }
}

function fitText(typed: unknown, present: unknown): Fitted {
  if (typeof present === "number") return fitNumber(typed, present);
  if (typeof present === "boolean") return fitBoolean(typed);
  if (typeof typed === "string") return fits(typed);
  if (typeof typed === "number" || typeof typed === "boolean") return fits(String(typed));
  return present !== null && typeof present === "object" ? fits(typed) : refuse("text");
}

/** `1250`, `-1250.50`, `1,250.50`. A comma is only taken between whole groups of three digits before a point, as `1.234,56` could mean two things. */
const DECIMAL = /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d+))?$/;

interface Decimal {
  readonly sign: "" | "-";
  readonly digits: string;
  readonly decimals: string;
}

function readDecimal(typed: unknown): Decimal | undefined {
  const match = DECIMAL.exec(typeof typed === "number" ? String(typed) : typeof typed === "string" ? typed.trim() : "");
  if (!match?.[2]) return undefined;
  const digits = match[2].replaceAll(",", "").replace(/^0+(?=\d)/, "");
  const decimals = match[3] ?? "";
  return { sign: match[1] === "-" && /[1-9]/.test(digits + decimals) ? "-" : "", digits, decimals };
}

function written({ sign, digits, decimals }: Decimal, places: number): string {
  return decimals || places > 0 ? `${sign}${digits}.${decimals.padEnd(places, "0")}` : sign + digits;
}

function fitMoney(typed: unknown, cell: Cell): Fitted {
  const expected = `an amount${cell.currency ? ` of ${cell.currency}` : ""} such as 1250.00`;
  const decimal = readDecimal(typed);
  if (!decimal) return refuse(expected);
  const places = cell.currency === undefined ? undefined : currencyDecimals(cell.currency);
  if (places === undefined)
    return asNumberOrText(decimal, decimalsOf(cell.present), typeof cell.present === "number", expected);
  if (decimal.decimals.replace(/0+$/, "").length > places)
    return refuse(`${expected}, with at most ${places} decimals`);
  const cut = { ...decimal, decimals: decimal.decimals.slice(0, places) };
  return asNumberOrText(cut, places, typeof cell.present === "number", expected);
}

function fitNumber(typed: unknown, present: unknown): Fitted {
  const expected = "a number such as 1250 or 1250.5";
  const decimal = readDecimal(typed);
  return decimal ? asNumberOrText(decimal, 0, typeof present !== "string", expected) : refuse(expected);
}

function asNumberOrText(decimal: Decimal, places: number, asNumber: boolean, expected: string): Fitted {
  if (!asNumber) return fits(written(decimal, places));
  // A JSON number that cannot hold every digit typed would change the amount.
  return decimal.digits.length + decimal.decimals.length <= 15
    ? fits(Number(written(decimal, 0)))
    : refuse(`${expected}, with at most 15 digits`);
}

/** How many decimals a currency has; undefined for what is no currency. */
function currencyDecimals(currency: string): number | undefined {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  } catch {
    return undefined;
  }
}

function decimalsOf(present: unknown): number {
  return typeof present === "string" ? (/\.(\d+)$/.exec(present)?.[1]?.length ?? 0) : 0;
}

function fitBoolean(typed: unknown): Fitted {
  const text = String(typed).trim().toLowerCase();
  if (["true", "yes", "y", "1"].includes(text)) return fits(true);
  return ["false", "no", "n", "0"].includes(text) ? fits(false) : refuse("true or false");
}

/** Debit or credit, in the form the cell has: a boolean (`is_debit`), or a word of the same length and case. */
function fitSide(typed: unknown, present: unknown): Fitted {
  const text = String(typed).trim().toLowerCase();
  const debit = ["dr", "debit", "d", "true"].includes(text);
  if (!debit && !["cr", "credit", "c", "false"].includes(text)) return refuse("dr or cr");
  if (typeof present !== "string") return fits(debit);
  const long = present.length > 2;
  const word = debit ? (long ? "debit" : "dr") : long ? "credit" : "cr";
  if (present === present.toUpperCase()) return fits(word.toUpperCase());
  return fits(present === present.toLowerCase() ? word : word.charAt(0).toUpperCase() + word.slice(1));
}

function fitDate(typed: unknown): Fitted {
  const match = typeof typed === "string" ? /^(\d{4})-(\d{2})-(\d{2})$/.exec(typed.trim()) : null;
  const text = match?.[0];
  if (text === undefined) return refuse("a date YYYY-MM-DD");
  const parsed = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text)
    ? fits(text)
    : refuse("a date YYYY-MM-DD that exists");
}
