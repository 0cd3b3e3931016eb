import { NtroError } from "@ntro/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scheduledPeriod } from "./dispatch";
import { checkSchedule } from "./schedule";

function refusal(cron: string, timezone: string): NtroError {
  try {
    checkSchedule(cron, timezone);
  } catch (error) {
    if (error instanceof NtroError && error.code === "SCHEDULE_INVALID") return error;
    throw error;
  }
  throw new Error(`${cron} in ${timezone} was taken`);
}

describe("a schedule", () => {
  it.each([
    ["0 8 5 * *", "Europe/London"],
    ["*/15 9-17 * * MON-FRI", "UTC"],
    ["0 8 1-7 * MON", "Asia/Kolkata"],
    ["0 0 29 2 *", "America/New_York"],
    ["  0  8 5 * * ", "Etc/UTC"],
  ])("takes %s in %s", (cron, zone) => {
    expect(() => checkSchedule(cron, zone)).not.toThrow();
  });

  it.each([
    ["0 8 31 2 *", "never fires"],
    ["0 8 30 2 *", "never fires"],
    ["61 8 * * *", "61"],
    ["0 8 * *", "4 fields"],
    ["0 8 5 * * *", "6 fields"],
    ["@daily", "1 field;"],
    ["0 8 L * *", "plain cron"],
    ["0 8 ? * MON#1", "plain cron"],
    ["*/0 * * * *", "stepping"],
    ["a b c d e", "plain cron"],
  ])("refuses %s: %s", (cron, message) => {
    expect(refusal(cron, "UTC").message).toContain(message);
  });

  it.each([
    ["Europe/Londn", "Europe/London"],
    ["london", "Europe/London"],
    ["europe/london", "Europe/London"],
    ["Utc", "UTC"],
    ["America/NewYork", "America/New_York"],
  ])("suggests a zone for %s", (typed, meant) => {
    expect(refusal("0 8 5 * *", typed).hint).toContain(meant);
  });

  it("takes no offset for a zone", () => {
    expect(refusal("0 8 5 * *", "+01:00").message).toContain("+01:00");
  });
});

describe("the period of a firing", () => {
  it("is the month before, or of, the nominal time in the schedule's zone", () => {
    const newYear = new Date("2026-12-31T23:30:00Z");
    expect(scheduledPeriod(newYear, "UTC", "previous")).toBe("2026-11");
    expect(scheduledPeriod(newYear, "Asia/Tokyo", "previous")).toBe("2026-12");
    expect(scheduledPeriod(newYear, "Asia/Tokyo", "current")).toBe("2027-01");
    expect(scheduledPeriod(new Date("2026-01-05T08:00:00Z"), "Europe/London", "previous")).toBe("2025-12");
  });

  it("is always a period, and one apart", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("1990-01-01"), max: new Date("2200-01-01"), noInvalidDate: true }),
        (time) => {
          const [previous, current] = [
            scheduledPeriod(time, "Europe/London", "previous"),
            scheduledPeriod(time, "Europe/London", "current"),
          ];
          expect(previous).toMatch(/^\d{4}-(0[1-9]|1[0-2])$/);
          const months = (period: string) => Number(period.slice(0, 4)) * 12 + Number(period.slice(5));
          expect(months(current) - months(previous)).toBe(1);
        },
      ),
    );
  });
});
