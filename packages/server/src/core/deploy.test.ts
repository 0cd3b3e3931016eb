import { describe, expect, it } from "vitest";
import { movesCurrent, promotedRevision } from "./deploy";

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

describe("movesCurrent", () => {
  it.each([
    ["the first", "1.0.0", true, undefined, true],
    ["a higher version", "1.1.0", false, "1.0.0", true],
    ["a higher version with a pin", "1.1.0", true, "1.0.0", true],
    ["a lower version", "0.9.0", false, "1.0.0", true],
    ["a lower version with a pin", "0.9.0", true, "1.0.0", false],
    ["a pre-release with a pin", "1.0.0-rc.1", true, "1.0.0", false],
    ["ten after nine, with a pin", "0.10.0", true, "0.9.0", true],
    ["other content of the same version with a pin", "1.0.0", true, "1.0.0", true],
  ])("%s", (_, version, pin, current, moves) => {
    const before = current === undefined ? undefined : { version: current, requestedAt: at(0) };
    expect(movesCurrent({ version, pin, requestedAt: at(1) }, before)).toBe(moves);
  });

  it("never for what was asked for before the present one", () => {
    expect(
      movesCurrent({ version: "9.0.0", pin: false, requestedAt: at(0) }, { version: "1.0.0", requestedAt: at(1) }),
    ).toBe(false);
  });
});

describe("promotedRevision", () => {
  const revisions = [
    { id: "a", version: "1.0.0", readyAt: at(1) },
    { id: "b", version: "1.0.0", readyAt: at(3) },
    { id: "c", version: "1.0.0", readyAt: null },
    { id: "d", version: "2.0.0", readyAt: null },
    { id: "e", version: "2.1.0", readyAt: null, prunedAt: at(9) },
  ].map((revision) => ({ prunedAt: null, ...revision }));

  it("is the one that became ready last", () => {
    expect(promotedRevision("nav", "1.0.0", revisions).id).toBe("b");
  });

  it("is none of a version that is not ready, or not there", () => {
    expect(() => promotedRevision("nav", "2.0.0", revisions)).toThrow("Version 2.0.0 of nav is not ready");
    expect(() => promotedRevision("nav", "2.1.0", revisions)).toThrow(
      expect.objectContaining({
        message: "Version 2.1.0 of nav was pruned on 2026-01-01.",
        hint: expect.stringContaining("Deploy it again"),
      }),
    );
    expect(() => promotedRevision("nav", "3.0.0", revisions)).toThrow("has no version 3.0.0");
    expect(() => promotedRevision("nav", "3.0.0", [])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("Deploy") }),
    );
  });
});
