import Big from "big.js";

const parse = (value: string): Big => {
  if (!/^-?\d+(\.\d+)?$/.test(value)) throw new RangeError(`"${value}" is not a decimal number.`);
  return new Big(value);
};
const plain = (value: Big, places: number): string => {
  const text = value.toFixed(places);
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
};
const placesOf = (value: string): number => value.split(".")[1]?.length ?? 0;

/** A decimal string written with exactly `places` decimals; it must not have more. `-0.00` becomes `0.00`. */
export function normaliseDecimal(value: string, places: number): string {
  return plain(parse(value), places);
}

/**
 * Exact arithmetic on decimal strings, in workflow code and activities alike. Sums and differences keep the larger number of decimals of what they are
 * made of; products and quotients are rounded half to even to `places`. Throws `RangeError` for what is not a decimal.
 */
export const decimal = {
  add: (a: string, b: string): string => plain(parse(a).plus(parse(b)), Math.max(placesOf(a), placesOf(b))),
  subtract: (a: string, b: string): string => plain(parse(a).minus(parse(b)), Math.max(placesOf(a), placesOf(b))),
  /** The sum; `"0.00"` for none. */
  sum: (values: readonly string[]): string => values.reduce((total, value) => decimal.add(total, value), "0.00"),
  multiply: (a: string, b: string, places = 2): string =>
    plain(parse(a).times(parse(b)).round(places, Big.roundHalfEven), places),
  divide: (a: string, b: string, places = 2): string => {
    const context = Big();
    context.DP = places + 20;
    return plain(new context(parse(a)).div(parse(b)).round(places, Big.roundHalfEven), places);
  },
  /** -1, 0 or 1, as a is below, equal to or above b. */
  compare: (a: string, b: string): -1 | 0 | 1 => parse(a).cmp(parse(b)),
  isZero: (value: string): boolean => parse(value).eq(0),
  negate: (value: string): string => plain(parse(value).times(-1), placesOf(value)),
};
