import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonBytes, keepable, MAX_SNAPSHOT_BYTES } from "./limits";

test("bytes are those of the JSON in UTF-8", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
      const both = { value, text };
      expect(jsonBytes(both)).toBe(Buffer.byteLength(JSON.stringify(both)));
    }),
  );
  expect(jsonBytes(undefined)).toBe(0);
});

test("what is kept is a copy, bounded, and always JSON", () => {
  const value = { rows: [{ id: "a" }] };
  const kept = keepable(value);
  value.rows.pop();
  expect(kept).toEqual({ rows: [{ id: "a" }] });
  expect(keepable("x".repeat(MAX_SNAPSHOT_BYTES))).toEqual({ omitted_bytes: MAX_SNAPSHOT_BYTES + 2 });
  expect(keepable({ big: 1n })).toEqual({ omitted_bytes: 0 });
});
