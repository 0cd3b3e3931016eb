import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration } from "./duration";

describe("durations", () => {
  it("reads what people type", () => {
    expect(parseDuration("90s")).toBe(90_000);
    expect(parseDuration("5m")).toBe(300_000);
    expect(parseDuration("1h30m")).toBe(5_400_000);
    expect(parseDuration("2d")).toBe(172_800_000);
    expect(parseDuration("500ms")).toBe(500);
    expect(parseDuration("0.5h")).toBe(1_800_000);
    expect(parseDuration("30")).toBe(30_000);
  });

  it.each(["", "soon", "5 minutes", "-5s", "5x", "s"])("refuses %j", (text) => {
    expect(() => parseDuration(text)).toThrow("is not a duration");
  });

  it("shows them as people say them", () => {
    expect([120, 9_940, 12_400, 60_000, 185_000, 7_800_000, 259_200_000].map(formatDuration)).toEqual([
      "0.1 s",
      "9.9 s",
      "12 s",
      "1 min",
      "3 min 5 s",
      "2 h 10 min",
      "3 d",
    ]);
  });
});
