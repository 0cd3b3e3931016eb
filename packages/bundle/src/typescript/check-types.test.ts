import type { Fault } from "@ntro/contract";
import { expect, test } from "vitest";
import { folderWith } from "../bundle-fixture";
import { formatFault } from "../fault";
import { checkTypes } from "./check-types";
import { sdkFolder, typescriptFiles, zodDir } from "./sdk-fixture";

async function check(more: Record<string, string> = {}, timeout?: number): Promise<Fault[]> {
  const files = typescriptFiles(more);
  return checkTypes({
    dir: await folderWith(files),
    files,
    sdkDir: await sdkFolder(),
    zodDir,
    ...(timeout === undefined ? {} : { timeout }),
  });
}

test("a good bundle compiles: activities with the types of Node, workflow code without", async () => {
  expect(await check()).toEqual([]);
});

test("an error has its file, line, column, the line itself and the compiler's whole message", async () => {
  const faults = await check({
    "templates/workflow.ts": `import { runbook } from "@ntro/runbook";
export const rows: { id: number } = { id: "all" };
export default runbook({ run: (line) => line });
`,
    "templates/activities.ts": "export const port: number = process.env.PORT;\n",
  });
  expect(faults.map(formatFault)).toEqual([
    "[TYPESCRIPT_ERROR] templates/activities.ts:1:14 Type 'string | undefined' is not assignable to type 'number'. (TS2322)\n" +
      "  Type 'undefined' is not assignable to type 'number'.\n" +
      "    1 | export const port: number = process.env.PORT;\n      |              ^",
    "[TYPESCRIPT_ERROR] templates/workflow.ts:2:39 Type 'string' is not assignable to type 'number'. (TS2322)\n" +
      '    2 | export const rows: { id: number } = { id: "all" };\n' +
      "      |                                       ^",
    expect.stringContaining("templates/workflow.ts:3:32 Parameter 'line' implicitly has an 'any' type. (TS7006)"),
  ]);
});

test("workflow code sees neither Node nor a browser", async () => {
  const faults = await check({
    "templates/workflow.ts":
      'import { read } from "./lib/read";\nexport default { a: process.env, b: fetch("x"), read };\n',
    "templates/lib/read.ts":
      'import { readFileSync } from "node:fs";\nexport const read = () => setTimeout(() => readFileSync("a"), 1);\n',
  });
  expect(faults.map(({ path, line, message }) => `${path}:${line} ${message}`)).toEqual([
    "templates/lib/read.ts:1 Cannot find name 'node:fs'. (TS2591)",
    "templates/lib/read.ts:2 Cannot find name 'setTimeout'. (TS2304)",
    "templates/workflow.ts:2 Cannot find name 'process'. (TS2591)",
    "templates/workflow.ts:2 Cannot find name 'fetch'. (TS2304)",
  ]);
  expect(faults[0]?.hint).toContain("Workflow code has neither Node nor a browser");
});

test("wrong syntax, and a file that is not there", async () => {
  const faults = await check({ "templates/workflow.ts": 'import { a } from "./nowhere";\nexport default {{ a };\n' });
  expect(faults.map(({ path, line, source }) => [path, line, source])).toContainEqual([
    "templates/workflow.ts",
    2,
    "export default {{ a };",
  ]);
  const absent = await check({ "templates/workflow.ts": 'import { a } from "./nowhere";\nexport default a;\n' });
  expect(absent.map(formatFault)[0]).toContain("templates/workflow.ts:1:19 Cannot find module './nowhere'");
});

test("a file nobody imports is compiled too", async () => {
  expect(await check({ "templates/unused.ts": "export const a: string = 1;\n" })).toMatchObject([
    { path: "templates/unused.ts", line: 1 },
  ]);
});

test("a compiler that takes too long is ended", async () => {
  expect(await check({}, 1)).toMatchObject([{ code: "TYPESCRIPT_TIMEOUT" }]);
});
