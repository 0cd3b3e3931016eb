import { describe, expect, it } from "vitest";
import { installReason, isNetworkFailure } from "./install-reason";

const failed = (stderr: string, stdout = "") => ({ code: 1, stdout, stderr });

describe("an installer's reason", () => {
  it("is uv's sentence, without what it says besides", () => {
    const stderr = [
      "Using Python 3.11.7 environment at: base-0123",
      "error: No solution found when resolving dependencies",
      "  cause: Because you require a==1 and a==2, we can conclude that your requirements are unsatisfiable.",
      "",
      "hint: Packages were unavailable because the network was disabled.",
    ].join("\n");
    expect(installReason(failed(stderr)).split("\n")).toEqual([
      "error: No solution found when resolving dependencies",
      "cause: Because you require a==1 and a==2, we can conclude that your requirements are unsatisfiable.",
    ]);
  });

  it("is without the drawing of older versions of uv", () => {
    const stderr = "  × No solution found when resolving dependencies:\n  ╰─▶ Because thing was not found, it fails.\n";
    expect(installReason(failed(stderr))).toBe(
      "No solution found when resolving dependencies:\nBecause thing was not found, it fails.",
    );
  });

  it("is what contradicts what, where pip tells that apart", () => {
    const stdout =
      "Collecting a==1\n\nThe conflict is caused by:\n    The user requested a==1\n    The user requested (constraint) a==2\n\nTo fix this you could try to:\n1. loosen the range\n";
    const stderr =
      "ERROR: Cannot install a==1 because it conflicts.\nERROR: ResolutionImpossible: for help visit https://x.y/z\n";
    expect(installReason(failed(stderr, stdout)).split("\n")).toEqual([
      "ERROR: Cannot install a==1 because it conflicts.",
      "The user requested a==1",
      "The user requested (constraint) a==2",
    ]);
  });

  it("names neither the index with its password, nor folders of the machine", () => {
    const stderr = [
      "error: Failed to fetch: https://user:secret@packages.example.com/simple/thing/",
      "  cause: HTTPSConnectionPool(host='packages.example.com', port=443): refused",
      `  cause: could not read \`${["", "srv", "me", "python", "tmp", "install-1"].join("/")}\``,
    ].join("\n");
    const reason = installReason(failed(stderr));
    expect(reason).not.toMatch(/secret|example|srv|python/);
    expect(reason).toContain("…/thing");
    expect(isNetworkFailure(failed(stderr))).toBe(true);
  });

  it("has at most five lines: the first, and of a build's output those that name an error", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
    const stderr = ["error: Failed to build `thing==1`", ...lines, "ModuleNotFoundError: No module named 'numpy'"].join(
      "\n",
    );
    expect(installReason(failed(stderr)).split("\n")).toEqual([
      "error: Failed to build `thing==1`",
      "ModuleNotFoundError: No module named 'numpy'",
    ]);
  });

  it("is said even where the installer says nothing", () => {
    expect(installReason(failed(""))).toBe("it did not say why");
    expect(installReason({ code: null, stdout: "", stderr: "x", failure: "it took longer than 600 s" })).toBe(
      "it took longer than 600 s",
    );
  });
});
