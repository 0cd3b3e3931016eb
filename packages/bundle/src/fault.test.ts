import { expect, test } from "vitest";
import { formatFault, lineOf, placeOf, sortFaults } from "./fault";

test("places count lines and columns from 1, whatever the line ends", () => {
  expect(placeOf("ab\r\n\tcd\n", 6)).toEqual({ line: 2, column: 3, source: "\tcd" });
  expect(placeOf("ab", 0)).toEqual({ line: 1, column: 1, source: "ab" });
  expect(placeOf("ab\n", 99)).toEqual({ line: 2, column: 1, source: "" });
  expect(lineOf("a\nb", 3)).toBeUndefined();
});

test("the mark stands under the column, also after tabs; long lines are cut", () => {
  const fault = { code: "TYPESCRIPT_ERROR", message: "No.", path: "a.ts", line: 2, column: 3, source: "\tcd" } as const;
  expect(formatFault(fault)).toBe("[TYPESCRIPT_ERROR] a.ts:2:3 No.\n    2 | \tcd\n      | \t ^");
  const long = formatFault({ ...fault, source: "x".repeat(500), column: 400 });
  expect(long).toBe(`[TYPESCRIPT_ERROR] a.ts:2:400 No.\n    2 | ${"x".repeat(160)}…`);
  expect(formatFault({ code: "BUNDLE_TOO_LARGE", message: "Too large.", path: "" })).toBe(
    "[BUNDLE_TOO_LARGE] Too large.",
  );
});

test("faults are sorted by file, line and column", () => {
  const at = (path: string, line?: number, column?: number) => ({
    code: "TYPESCRIPT_ERROR" as const,
    message: "",
    path,
    line,
    column,
  });
  const sorted = [at(""), at("a"), at("a", 1, 2), at("a", 1, 10), at("a", 3), at("b", 1)];
  expect(sortFaults(sorted.toReversed())).toEqual(sorted);
});
