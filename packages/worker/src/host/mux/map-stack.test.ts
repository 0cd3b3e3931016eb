import { build } from "esbuild";
import { expect, test } from "vitest";
import { mapStack } from "./map-stack";

const SOURCE = `type Row = { amount?: number };

export default async function run(row: Row): Promise<string> {
  const label: string = describe(row);
  return label;
}

function describe(row: Row): string {
  return (row as { amount: number }).amount.toFixed(2);
}
`;

async function buildModule(): Promise<{ code: string; map: string }> {
  const result = await build({
    stdin: { contents: SOURCE, sourcefile: "templates/workflow.ts", loader: "ts" },
    bundle: true,
    write: false,
    outfile: "workflow.js",
    format: "cjs",
    sourcemap: "external",
  });
  const text = (ending: string): string => result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return { code: text(".js"), map: text(".map") };
}

/** `line:column` of a text in a module, counted from 1. */
function placeOf(code: string, text: string): string {
  const before = code.slice(0, code.indexOf(text)).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

test("rewrites frames to the author's files and leaves the platform's out", async () => {
  const { code, map } = await buildModule();
  const stack = [
    "TypeError: Cannot read properties of undefined (reading 'toFixed')",
    `    at describe (nav-monthly@0.1.0+0123456789ab/workflow.js:${placeOf(code, "toFixed")})`,
    `    at async run (nav-monthly@0.1.0+0123456789ab/workflow.js:${placeOf(code, "describe(row)")})`,
    "    at next (ntro-prelude-0123456789ab/workflow/lib/internals.js:20:4711)",
    "    at Script.runInContext (node:vm:148:12)",
  ].join("\n");
  expect(mapStack(stack, map).split("\n")).toEqual([
    "TypeError: Cannot read properties of undefined (reading 'toFixed')",
    "    at describe (templates/workflow.ts:9:45)",
    "    at async run (templates/workflow.ts:4:25)",
  ]);
});

test("keeps frames it cannot map, and messages of several lines", async () => {
  const { map } = await buildModule();
  const stack = "Error: two\nlines\n    at a@1.0.0+b/workflow.js:9999:1\n    at helper (vendor/other.js:1:1)";
  expect(mapStack(stack, map)).toBe(stack);
  expect(mapStack("Error: x\n    at f (a@1.0.0+b/workflow.js:1:2)")).toBe(
    "Error: x\n    at f (a@1.0.0+b/workflow.js:1:2)",
  );
});
