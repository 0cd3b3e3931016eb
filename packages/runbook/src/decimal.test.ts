import fc from "fast-check";
import { expect, test } from "vitest";
import { decimal } from "./decimal";

/** A decimal with its value as units of the 10th place. */
const numbers = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: 0, max: 10 }))
  .map(([units, places]) => {
    const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
    const [whole, fraction] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places)];
    const text = `${units < 0n ? "-" : ""}${whole}${places > 0 ? `.${fraction}` : ""}`;
    return { text, places, tenth: units * 10n ** BigInt(10 - places) };
  });

/** Units of the 10th place of a decimal string that has at most as many. */
const tenth = (text: string): bigint => {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(`${whole}${fraction.padEnd(10, "0")}`);
};
const placesOf = (text: string): number => text.split(".")[1]?.length ?? 0;

test("sums and differences are exact and keep the larger number of decimals", () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const [sum, difference] = [decimal.add(a.text, b.text), decimal.subtract(a.text, b.text)];
      expect(tenth(sum)).toBe(a.tenth + b.tenth);
      expect(tenth(difference)).toBe(a.tenth - b.tenth);
      expect([placesOf(sum), placesOf(difference)]).toEqual(Array(2).fill(Math.max(a.places, b.places)));
    }),
  );
});

test("products and quotients are the nearest, of two that are as near the even one", () => {
  fc.assert(
    fc.property(numbers, numbers, fc.integer({ min: 0, max: 6 }), (a, b, places) => {
      const unit = 10n ** BigInt(10 - places);
      const product = tenth(decimal.multiply(a.text, b.text, places));
      // Everything times 10^10, so that the exact product is a whole number.
      expectNearest(a.tenth * b.tenth, product * 10n ** 10n, unit * 10n ** 10n);
      if (b.tenth === 0n) return;
      const quotient = tenth(decimal.divide(a.text, b.text, places));
      const sign = b.tenth < 0n ? -1n : 1n;
      expectNearest(sign * a.tenth * 10n ** 10n, sign * quotient * b.tenth, sign * unit * b.tenth);
    }),
  );
});

function expectNearest(exact: bigint, rounded: bigint, unit: bigint): void {
  const twice = 2n * (exact > rounded ? exact - rounded : rounded - exact);
  expect(twice <= unit).toBe(true);
  if (twice === unit) expect((rounded / unit) % 2n).toBe(0n);
}

test("comparing and negating", () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(decimal.compare(a.text, b.text)).toBe(a.tenth < b.tenth ? -1 : a.tenth > b.tenth ? 1 : 0);
      expect(tenth(decimal.negate(a.text))).toBe(-a.tenth);
      expect(decimal.isZero(a.text)).toBe(a.tenth === 0n);
      expect(decimal.negate(decimal.negate(a.text))).toBe(decimal.round(a.text, a.places));
    }),
  );
});

test("rounds half to even, also below zero", () => {
  const halves = ["0.125", "0.135", "-0.125", "-0.135", "2.5", "0.005", "-0.005"];
  expect(halves.map((half) => decimal.round(half))).toEqual(["0.12", "0.14", "-0.12", "-0.14", "2.50", "0.00", "0.00"]);
  expect(decimal.round("1234.5", 0)).toBe("1234");
  expect(decimal.divide("1", "3", 6)).toBe("0.333333");
  expect(decimal.divide("-1", "-8", 2)).toBe("0.12");
  // The quotient is a hair over the half: its 30th decimal decides.
  expect(decimal.divide("1.00000000000000000000000000001", "8", 2)).toBe("0.13");
});

test("there is no negative zero, and no number is lost", () => {
  expect(decimal.add("-0.00", "0")).toBe("0.00");
  expect(decimal.negate("0.00")).toBe("0.00");
  expect(decimal.multiply("-0.01", "0.01")).toBe("0.00");
  expect(decimal.sum([])).toBe("0.00");
  expect(decimal.sum(["0.1", "0.2"])).toBe("0.30");
  expect(decimal.sum(["0.105", "9007199254740993"])).toBe("9007199254740993.105");
  expect(decimal.add("007", "1")).toBe("8");
});

test("what is not a decimal is refused", () => {
  const wrong = ["", "1.", ".5", "1,000.00", "1e5", " 1", "+1", "NaN", "1.2.3", 5, null, undefined];
  for (const value of wrong) expect(() => decimal.add(value as string, "1")).toThrow(RangeError);
  expect(() => decimal.divide("1", "0.00")).toThrow("cannot be divided by zero");
});
