import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { previewLines } from "./preview";
import { namedBy } from "./schedule";

function preview(cron: string, timezone: string, from: string, times: readonly string[]) {
  return previewLines({
    timezone,
    from: new Date(from),
    times: times.map((time) => new Date(time)),
    names: namedBy(cron),
    period: () => "2027-01",
  });
}

describe("a preview", () => {
  it("marks the first time after a clock change, and no other", () => {
    const times = ["2027-03-05T08:00:00Z", "2027-04-05T07:00:00Z", "2027-05-05T07:00:00Z"];
    const lines = preview("0 8 5 * *", "Europe/London", "2027-02-10T00:00:00Z", times);
    expect(lines).toMatchObject([
      { local: "2027-03-05T08:00", offset: "+00:00", clockChange: null, occurrence: null },
      { local: "2027-04-05T08:00", offset: "+01:00", clockChange: { before: "+00:00", after: "+01:00" } },
      { local: "2027-05-05T08:00", offset: "+01:00", clockChange: null },
    ]);
  });

  it("shows a local time that clocks jump over, in its place", () => {
    const times = ["2027-03-27T01:30:00Z", "2027-03-29T00:30:00Z"];
    const lines = preview("30 1 * * *", "Europe/London", "2027-03-26T12:00:00Z", times);
    expect(lines).toMatchObject([
      { kind: "fires", local: "2027-03-27T01:30" },
      {
        kind: "jumped",
        from: "2027-03-28T01:30",
        until: "2027-03-28T01:30",
        count: 1,
        clockChange: { before: "+00:00", after: "+01:00" },
      },
      { kind: "fires", local: "2027-03-29T01:30" },
    ]);
  });

  it("shows many such times as one line", () => {
    const lines = preview("*/10 * * * *", "Europe/London", "2027-03-28T00:55:00Z", ["2027-03-28T01:00:00Z"]);
    expect(lines).toMatchObject([
      { kind: "jumped", from: "2027-03-28T01:00", until: "2027-03-28T01:50", count: 6 },
      { kind: "fires", local: "2027-03-28T02:00", clockChange: { before: "+00:00", after: "+01:00" } },
    ]);
  });

  it("tells which of a local time that occurs twice it is", () => {
    const london = preview("30 1 * * *", "Europe/London", "2027-10-30T12:00:00Z", ["2027-10-31T01:30:00Z"]);
    expect(london).toMatchObject([{ local: "2027-10-31T01:30", offset: "+00:00", occurrence: "second" }]);
    const times = ["2027-11-07T05:30:00Z", "2027-11-07T06:30:00Z", "2027-11-08T06:30:00Z"];
    expect(preview("30 1 * * *", "America/New_York", "2027-11-07T04:00:00Z", times)).toMatchObject([
      { local: "2027-11-07T01:30", offset: "-04:00", occurrence: "first", clockChange: null },
      { local: "2027-11-07T01:30", offset: "-05:00", occurrence: "second", clockChange: { after: "-05:00" } },
      { local: "2027-11-08T01:30", offset: "-05:00", occurrence: null },
    ]);
  });

  it("knows changes of half an hour, and of a whole day", () => {
    expect(
      preview("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T00:00:00Z", ["2027-10-03T15:15:00Z"]),
    ).toMatchObject([
      { kind: "jumped", from: "2027-10-03T02:15", clockChange: { before: "+10:30", after: "+11:00" } },
      { kind: "fires", local: "2027-10-04T02:15" },
    ]);
    // Samoa left out 30 December 2011.
    expect(preview("0 9 * * *", "Pacific/Apia", "2011-12-30T00:00:00Z", ["2011-12-30T19:00:00Z"])).toMatchObject([
      { kind: "jumped", from: "2011-12-30T09:00", count: 1 },
      { kind: "fires", local: "2011-12-31T09:00" },
    ]);
  });

  it("holds nothing when nothing fires", () => {
    expect(preview("0 8 5 * *", "UTC", "2027-01-01T00:00:00Z", [])).toEqual([]);
  });

  it("is true of any instant in any zone: local time minus offset is the instant", () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
    const instants = fc.date({ min: new Date("2020-01-01"), max: new Date("2040-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(zones, instants, (timezone, date) => {
        const time = new Date(Math.floor(date.getTime() / 60_000) * 60_000);
        const from = new Date(time.getTime() - 3_600_000);
        const lines = previewLines({ timezone, from, times: [time], names: () => false, period: () => "2027-01" });
        const [line] = lines;
        if (line?.kind !== "fires") throw new Error("no line");
        expect(new Date(`${line.local}:00${line.offset}`)).toEqual(time);
        expect(line.time).toBe(time.toISOString());
      }),
      { numRuns: 300 },
    );
  });
});
