import { expect, test } from "vitest";
import { formatFault } from "../fault";
import { checkDeterminism } from "./determinism";
import { typescriptFiles } from "./sdk-fixture";

/** Faults of workflow code, as `line:column message-start`. */
function findings(code: string, more: Record<string, string> = {}): string[] {
  const files = typescriptFiles({ "templates/workflow.ts": `${code}\nexport default {};\n`, ...more });
  return checkDeterminism(files).map(
    ({ line, column, message }) => `${line}:${column} ${message.split(/[ ;](may|is|may not|loads|outside) /)[0]}`,
  );
}

test("good workflow code, and activities that do what workflow code may not", () => {
  expect(checkDeterminism(typescriptFiles())).toEqual([]);
});

test("a fault shows the line and what to use instead", () => {
  const files = typescriptFiles({ "templates/workflow.ts": "export default { run() { return Date.now(); } };\n" });
  expect(checkDeterminism(files).map(formatFault)).toEqual([
    "[NONDETERMINISTIC_CALL] templates/workflow.ts:1:33 Date.now may not be used in workflow code: replaying the task would not give the same result.\n" +
      "    1 | export default { run() { return Date.now(); } };\n" +
      "      |                                 ^\n" +
      "  hint: Use now() of @ntro/runbook: it gives the same time again on replay.",
  ]);
});

test.each([
  ["const f = () => Date.now();", ["1:17 Date.now"]],
  ["const f = Date.now;", ["1:11 Date.now"]],
  ["const f = Date?.now();", ["1:11 Date.now"]],
  ['const f = Date["now"]();', ["1:11 Date.now"]],
  ["const { now: f } = Date;", ["1:7 Date.now"]],
  ["const f = new Date();", ["1:11 new Date()"]],
  ["const f = new Date;", ["1:11 new Date()"]],
  ["const f = Date();", ["1:11 Date()"]],
  ["const f = Math.random();", ["1:11 Math.random"]],
  ["const { random } = Math;", ["1:7 Math.random"]],
  ["const f = (Math as any).random();", ["1:11 Math.random"]],
  ["const f = crypto.randomUUID();", ["1:11 crypto"]],
  ["const f = performance.now();", ["1:11 performance"]],
  [
    "setTimeout(() => fetch('x'), 1); setInterval(f, 1); setImmediate(f);",
    ["1:1 setTimeout", "1:18 fetch", "1:34 setInterval", "1:53 setImmediate"],
  ],
  ["const f = process.env.HOME ?? globalThis.process;", ["1:11 process", "1:31 process"]],
  ["const f = globalThis.Date.now() + globalThis['Math'].random();", ["1:11 Date.now", "1:35 Math.random"]],
  ["const { process } = globalThis;", ["1:7 process"]],
  ["const { process: f } = globalThis;", ["1:7 process"]],
  ["const f = { fetch };", ["1:13 fetch"]],
  ["new WeakRef({}); new FinalizationRegistry(f);", ["1:5 WeakRef", "1:22 FinalizationRegistry"]],
  ["const f = () => import('./models');", ["1:17 import()"]],
  ["const f = require('fs');", ["1:11 require"]],
  ["import f = require('fs');", ["1:1 import … = require()"]],
  ["await f; for await (const a of b) {}", ["1:1 await", "1:10 await"]],
])("%s", (code, expected) => {
  expect(findings(code)).toEqual(expected);
});

test.each([
  "const f = new Date(0), g = Date.UTC(2026, 0), h = Math.max(1, 2), i = new Date('2026-01-01');",
  "const f = { process: 1, fetch: 2 }; f.process; f.fetch; f?.crypto;",
  "import { fetch } from './models'; fetch();",
  "function f(process: string) { return process; }",
  "const f = ({ fetch }: { fetch(): void }) => fetch();",
  "type T = typeof process; let f: WeakRef<object>; interface P { crypto: typeof crypto }",
  "declare const f: typeof fetch;",
  "export { Input as process } from './models'; export * as crypto from './models';",
  "enum E { process } class C { fetch() {} crypto = 1 }",
  "const run = async () => { await f(); for await (const a of b) {} };",
  "import type { Stats } from 'node:fs'; import { type X } from 'left-pad'; export type { Y } from 'left-pad';",
])("nothing against %s", (code) => {
  expect(findings(code)).toEqual([]);
});

test("imports: modules of Node, packages, what lies outside; and through files the workflow imports", () => {
  const faults = checkDeterminism(
    typescriptFiles({
      "templates/workflow.ts": `import "node:fs";
import os from "os";
import dayjs from "dayjs";
import * as z from "zod/v4";
import other from "../../other/templates/models";
import root from "/etc/passwd";
export * from "./lib/clock";
export default {};
`,
      "templates/lib/clock.ts": 'export { format } from "./format.js";\nexport const at = () => Date.now();\n',
      "templates/lib/format.ts":
        'import size from "@scope/size";\nexport * from "../activities";\nexport const format = size;\n',
    }),
  );
  expect(faults.map(({ code, path, line, message }) => `${code} ${path}:${line} ${message}`)).toEqual([
    expect.stringContaining(
      "NONDETERMINISTIC_IMPORT templates/workflow.ts:1 node:fs is a module of Node; workflow code may import only",
    ),
    expect.stringContaining("NONDETERMINISTIC_IMPORT templates/workflow.ts:2 os is a module of Node"),
    expect.stringContaining("NONDETERMINISTIC_IMPORT templates/workflow.ts:3 dayjs is a package"),
    expect.stringContaining("NONDETERMINISTIC_IMPORT templates/workflow.ts:4 zod/v4 is a package"),
    "IMPORT_OUTSIDE_BUNDLE templates/workflow.ts:5 ../../other/templates/models is outside the bundle.",
    "IMPORT_OUTSIDE_BUNDLE templates/workflow.ts:6 /etc/passwd is outside the bundle.",
    expect.stringContaining("NONDETERMINISTIC_CALL templates/lib/clock.ts:2 Date.now"),
    expect.stringContaining("NONDETERMINISTIC_IMPORT templates/lib/format.ts:1 @scope/size is a package"),
  ]);
});

test("a workflow file without default export", () => {
  const faultsOf = (text: string) =>
    checkDeterminism(typescriptFiles({ "templates/workflow.ts": text })).map(formatFault);
  expect(faultsOf("export const run = 1;\n")).toEqual([
    "[DEFAULT_EXPORT_MISSING] templates/workflow.ts The file has no default export.\n  hint: Export the runbook: `export default runbook({ … })`.",
  ]);
  expect(faultsOf("export type { Input as default } from './models';\n")).toHaveLength(1);
  expect(faultsOf("const a = 1;\nexport { a as default };\n")).toEqual([]);
  expect(faultsOf("export { Input as default } from './models';\n")).toEqual([]);
  expect(faultsOf("export default {{;\n")).toEqual([]);
});
