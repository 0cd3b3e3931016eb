import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { ownMappings } from "./own-mappings";

/** Two authors' files around two of a library, so that mappings go back and forth between them. */
const SOURCES: Record<string, string> = {
  "own/entry": `import { one } from "lib/one"; import { helper } from "own/helper"; import { two } from "lib/two";\n\nexport const all = () => {\n  const total = one() + helper() + two();\n  return total;\n};`,
  "own/helper": `export function helper() {\n  return "helper".length;\n}`,
  "lib/one": `export function one() {\n  return "one".length;\n}`,
  "lib/two": `export function two() {\n  return "two".length;\n}`,
};

async function bundle(minifyWhitespace: boolean) {
  const { outputFiles } = await build({
    entryPoints: ["own/entry"],
    bundle: true,
    write: false,
    format: "cjs",
    outfile: "/out.js",
    sourcemap: "external",
    sourcesContent: false,
    minifyWhitespace,
    plugins: [
      {
        name: "virtual",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /.*/ }, ({ path }) => ({ path, namespace: "virtual" }));
          onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({ contents: SOURCES[path] ?? "" }));
        },
      },
    ],
  });
  const text = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { code: text("out.js"), map: text("out.js.map") };
}

describe.each([true, false])("a map without other people's code (on one line: %s)", (minified) => {
  it("leaves every place of one's own as it was and gives none to the rest", async () => {
    const { code, map } = await bundle(minified);
    const own = ownMappings(map, (source) => source.includes("own/"));
    const before = new TraceMap(map);
    const after = new TraceMap(own);
    expect(after.sources.toSorted()).toEqual(before.sources.filter((source) => source?.includes("own/")).toSorted());
    const places = code
      .split("\n")
      .flatMap((line, index) => [...line].map((_, column) => ({ line: index + 1, column })));
    for (const place of places) {
      const was = originalPositionFor(before, place);
      const expected = was.source?.includes("own/")
        ? { ...was, name: null }
        : { source: null, line: null, column: null, name: null };
      expect(originalPositionFor(after, place)).toEqual(expected);
    }
    expect(places.filter((place) => originalPositionFor(after, place).source?.includes("helper"))).not.toHaveLength(0);
  });
});
