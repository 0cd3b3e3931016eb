import fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod";
import { milliseconds } from "./runtime";
import { currencyDecimals, date, money, period } from "./schema";

test("money has its currency's decimals and is written out in full", () => {
  expect([money("GBP"), money("JPY"), money("KWD")].map((schema) => schema.parse("5"))).toEqual(["5.00", "5", "5.000"]);
  expect(money("GBP").parse("-0")).toBe("0.00");
  expect(money("GBP").parse("0005.1")).toBe("5.10");
  expect(["GBP", "JPY", "KWD", "CHF"].map(currencyDecimals)).toEqual([2, 0, 3, 2]);
});

test("money is refused as a number, with too many decimals, or written otherwise", () => {
  const refused: [string, unknown][] = [
    ["GBP", 5],
    ["GBP", "1.234"],
    ["GBP", "1,000.00"],
    ["GBP", "£1"],
    ["GBP", ""],
    ["GBP", "9".repeat(25)],
    ["JPY", "1.0"],
    ["KWD", "1.2345"],
  ];
  for (const [currency, value] of refused) expect(money(currency).safeParse(value).success).toBe(false);
  expect(money("GBP").safeParse("1.234").error?.issues).toMatchObject([
    { message: "write an amount of GBP as a decimal with at most 2 decimals, such as 1250.00" },
  ]);
  expect(money("JPY").safeParse("1.5").error?.issues[0]?.message).toMatch(/such as 1250$/);
  expect(() => money("sterling")).toThrow(RangeError);
});

test("parsing money twice is parsing it once", () => {
  const amounts = fc.tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: 0, max: 999 }));
  fc.assert(
    fc.property(amounts, ([whole, fraction]) => {
      const once = money("KWD").parse(`${whole}.${fraction}`);
      expect(once).toMatch(/^-?\d+\.\d{3}$/);
      expect(money("KWD").parse(once)).toBe(once);
    }),
  );
});

test("the JSON schema tells tables and forms what a field is", () => {
  const schema = z.object({ nav: money("GBP").default("1.00"), month: period(), day: date().optional() });
  const { properties, required } = z.toJSONSchema(schema, { io: "input" });
  expect(properties).toMatchObject({
    nav: { type: "string", format: "money", currency: "GBP", default: "1.00", pattern: expect.any(String) },
    month: { type: "string", format: "period" },
    day: { type: "string", format: "date" },
  });
  expect(required).toEqual(["month"]);
});

test("periods and dates", () => {
  expect(["2026-01", "2026-12"].map((value) => period().safeParse(value).success)).toEqual([true, true]);
  for (const value of ["2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", 202601])
    expect(period().safeParse(value).success).toBe(false);
  expect(date().safeParse("2028-02-29").success).toBe(true);
  for (const value of ["2026-02-29", "2026-2-1", "01.02.2026", "2026-02-01T00:00:00Z", new Date()])
    expect(date().safeParse(value).success).toBe(false);
});

test("durations", () => {
  expect((["90s", "1.5h", "2m", "30d", "5ms", 250, 0] as const).map(milliseconds)).toEqual([
    90_000, 5_400_000, 120_000, 2_592_000_000, 5, 250, 0,
  ]);
  for (const wrong of ["5 m", "m", "-5s", "1w", Number.NaN, -1, Number.POSITIVE_INFINITY])
    expect(() => milliseconds(wrong as never)).toThrow(RangeError);
});
