/** A decimal number as whole units of its last place. */
interface Scaled {
  readonly units: bigint;
  readonly places: number;
}

function parse(value: string): Scaled {
  const [, sign, whole, fraction = ""] =
    (typeof value === "string" && /^(-?)(\d+)(?:\.(\d+))?$/.exec(value)) || ([] as string[]);
  if (whole === undefined) throw new RangeError(`${JSON.stringify(value)} is not a decimal number such as "1250.00".`);
  return { units: BigInt(`${sign}${whole}${fraction}`), places: fraction.length };
}

function write({ units, places }: Scaled): string {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${units < 0n ? "-" : ""}${whole}${places > 0 ? `.${digits.slice(digits.length - places)}` : ""}`;
}

const powerOfTen = (exponent: number): bigint => 10n ** BigInt(exponent);

/** The nearest whole number; of two that are as near, the even one. */
function roundedQuotient(numerator: bigint, denominator: bigint): bigint {
  const [n, d] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
  const floor = n / d - (n % d < 0n ? 1n : 0n);
  const twice = 2n * (n - floor * d);
  return twice > d || (twice === d && floor % 2n !== 0n) ? floor + 1n : floor;
}

function withPlaces({ units, places }: Scaled, wanted: number): Scaled {
  return wanted >= places
    ? { units: units * powerOfTen(wanted - places), places: wanted }
    : { units: roundedQuotient(units, powerOfTen(places - wanted)), places: wanted };
}

function aligned(a: string, b: string): { left: bigint; right: bigint; places: number } {
  const [x, y] = [parse(a), parse(b)];
  const places = Math.max(x.places, y.places);
  return { left: withPlaces(x, places).units, right: withPlaces(y, places).units, places };
}

/**
 * Exact arithmetic on decimal strings, in workflow code and activities alike. Sums and differences keep the larger number of decimals of what they are
 * made of; products and quotients are rounded half to even to `places`. Throws `RangeError` for what is not a decimal.
 */
export const decimal = {
  add(a: string, b: string): string {
    const { left, right, places } = aligned(a, b);
    return write({ units: left + right, places });
  },
  subtract(a: string, b: string): string {
    const { left, right, places } = aligned(a, b);
    return write({ units: left - right, places });
  },
  /** The sum, with at least two decimals; `"0.00"` for none. */
  sum: (values: readonly string[]): string => values.reduce((total, value) => decimal.add(total, value), "0.00"),
  multiply(a: string, b: string, places = 2): string {
    const [x, y] = [parse(a), parse(b)];
    return write(withPlaces({ units: x.units * y.units, places: x.places + y.places }, places));
  },
  /** Throws `RangeError` when `b` is zero. */
  divide(a: string, b: string, places = 2): string {
    const { left, right } = aligned(a, b);
    if (right === 0n) throw new RangeError(`${a} cannot be divided by zero.`);
    return write({ units: roundedQuotient(left * powerOfTen(places), right), places });
  },
  /** Written with exactly `places` decimals, rounded half to even. */
  round: (value: string, places = 2): string => write(withPlaces(parse(value), places)),
  /** -1, 0 or 1, as a is below, equal to or above b. */
  compare(a: string, b: string): -1 | 0 | 1 {
    const { left, right } = aligned(a, b);
    return left < right ? -1 : left > right ? 1 : 0;
  },
  isZero: (value: string): boolean => parse(value).units === 0n,
  negate(value: string): string {
    const { units, places } = parse(value);
    return write({ units: -units, places });
  },
};
