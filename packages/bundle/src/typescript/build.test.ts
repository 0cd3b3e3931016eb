import { readFile } from "node:fs/promises";
import { builtinModules, createRequire } from "node:module";
import { expect, test } from "vitest";
import * as z from "zod";
import { folderWith } from "../bundle-fixture";
import { formatFault } from "../fault";
import { type BuildResult, buildActivities, buildWorkflow } from "./build";
import { sdkFolder, typescriptFiles, zodDir } from "./sdk-fixture";

const SourceMap = z.object({ version: z.literal(3), sources: z.array(z.string()) });
const requireHere = createRequire(import.meta.url);

/** Runs built code with the modules given and no others; the names it asked for are in `asked`. */
function load(
  result: BuildResult,
  modules: Record<string, unknown>,
): { exports: Record<string, unknown>; asked: string[] } {
  if (result.status !== "ok") throw new Error(result.faults.map(formatFault).join("\n"));
  const asked: string[] = [];
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const require = (name: string): unknown => {
    asked.push(name);
    if (Object.hasOwn(modules, name)) return modules[name];
    if (builtinModules.includes(name.replace(/^node:/, ""))) return requireHere(name);
    throw new Error(`nothing gives ${name}`);
  };
  new Function("module", "exports", "require", result.code)(module, module.exports, require);
  return { exports: module.exports, asked };
}

function sourcesOf(result: BuildResult): string[] {
  return result.status === "ok" ? SourceMap.parse(JSON.parse(result.sourceMap)).sources : [];
}

function errorsOf(result: BuildResult): string[] {
  return result.status === "ok" ? [] : result.faults.map(formatFault);
}

async function activitiesOf(more: Record<string, string> = {}): Promise<BuildResult> {
  return buildActivities({ dir: await folderWith(typescriptFiles(more)), sdkDir: await sdkFolder(), zodDir });
}

const STUB = 'import { proxyActivities } from "@temporalio/workflow";\nexport const size = proxyActivities({}).size;\n';

async function workflowOf(more: Record<string, string> = {}): Promise<BuildResult> {
  return buildWorkflow({ dir: await folderWith(typescriptFiles(more)), activitiesStub: STUB });
}

test("activities run with the SDK and zod inside them", async () => {
  const built = await activitiesOf();
  const { exports, asked } = load(built, { "@temporalio/activity": {} });
  expect([...new Set(asked)].sort()).toEqual(["@temporalio/activity", "node:fs/promises"]);
  const size = z
    .object({ input: z.custom<z.ZodType>(), run: z.custom<(input: { period: string }) => Promise<number>>() })
    .parse(exports.size);
  expect(size.input.safeParse({ period: "2026-03", nav: "1x" }).success).toBe(false);
  const file = requireHere.resolve("zod/package.json");
  expect(await size.run({ period: file })).toBe(Buffer.byteLength(await readFile(file)));
  expect(sourcesOf(built)).toContain("templates/activities.ts");
  expect(built.status === "ok" && built.code).not.toContain("sourceMappingURL");
});

test("the same bundle in another folder is built to the same text", async () => {
  const builds = await Promise.all([activitiesOf(), activitiesOf(), workflowOf(), workflowOf()]);
  const [first, second, third, fourth] = builds.map((built) => built.status === "ok" && built.code);
  expect(first).toBe(second);
  expect(third).toBe(fourth);
});

test("a bundle without activities, and activities in a folder", async () => {
  const files = typescriptFiles();
  files.delete("templates/activities.ts");
  const without = await buildActivities({ dir: await folderWith(files), sdkDir: await sdkFolder(), zodDir });
  expect(Object.keys(load(without, {}).exports)).toEqual([]);
  files.set("templates/activities/index.ts", "export const one = 1;\n");
  const inFolder = await buildActivities({ dir: await folderWith(files), sdkDir: await sdkFolder(), zodDir });
  expect(load(inFolder, {}).exports.one).toBe(1);
});

test("workflow code requires three packages and has the stub for its activities", async () => {
  const built = await workflowOf({
    "templates/lib/deep.ts": 'export { size } from "../activities.js";\n',
    "templates/map.json": '{ "a": 1 }',
    "templates/workflow.ts": `import { runbook } from "@ntro/runbook";
import * as activities from "./activities";
import { size } from "./lib/deep";
import map from "./map.json";
import { Input } from "./models";
export default runbook({ input: Input, same: size === activities.size, size: activities.size, map });
`,
  });
  const { exports, asked } = load(built, {
    "@temporalio/workflow": { proxyActivities: () => ({ size: "the proxy" }) },
    "@ntro/runbook": { runbook: (definition: unknown) => definition, money: () => z.string() },
    zod: z,
  });
  expect([...new Set(asked)].sort()).toEqual(["@ntro/runbook", "@temporalio/workflow", "zod"]);
  expect(exports.default).toMatchObject({ same: true, size: "the proxy", map: { a: 1 } });
  expect(built.status === "ok" && built.code).not.toContain("readFile");
  expect(sourcesOf(built)).toEqual(expect.arrayContaining(["templates/models.ts", "templates/workflow.ts"]));
});

test("what cannot be built has file, line and column", async () => {
  expect(errorsOf(await workflowOf({ "templates/models.ts": 'export const é = "ü", x = ;\n' }))).toEqual([
    '[TYPESCRIPT_ERROR] templates/models.ts:1:27 Unexpected ";"\n    1 | export const é = "ü", x = ;\n      |                           ^',
  ]);
  expect(errorsOf(await workflowOf({ "templates/workflow.ts": "export default await Promise.resolve(1);\n" }))).toEqual(
    [expect.stringMatching(/^\[TOP_LEVEL_AWAIT\] templates\/workflow\.ts:1:16 Top-level await/)],
  );
  expect(
    errorsOf(await workflowOf({ "templates/workflow.ts": 'import { a } from "./nowhere";\nexport default a;\n' })),
  ).toEqual([expect.stringContaining('[TYPESCRIPT_ERROR] templates/workflow.ts:1:19 Could not resolve "./nowhere"')]);
});

test("neither part may import what is outside the bundle, nor packages it does not declare", async () => {
  const outside = 'import { a } from "../../other/a";\nexport default a;\n';
  expect(errorsOf(await workflowOf({ "templates/workflow.ts": outside }))).toEqual([
    "[IMPORT_OUTSIDE_BUNDLE] templates/workflow.ts:1:19 ../../other/a is outside the bundle.\n" +
      '    1 | import { a } from "../../other/a";\n      |                   ^\n' +
      "  hint: Only the bundle's own files are there when it runs: move the file into templates/.",
  ]);
  expect(errorsOf(await activitiesOf({ "templates/activities.ts": outside }))[0]).toContain("[IMPORT_OUTSIDE_BUNDLE]");
  expect(
    errorsOf(await workflowOf({ "templates/workflow.ts": 'import fs from "node:fs";\nexport default fs;\n' }))[0],
  ).toContain("[NONDETERMINISTIC_IMPORT] templates/workflow.ts:1:16 Workflow code may not import node:fs.");
  expect(
    errorsOf(await activitiesOf({ "templates/activities.ts": 'import s from "@a/b/c";\nexport const f = s;\n' })),
  ).toEqual([
    expect.stringContaining(
      "[PACKAGE_NOT_DECLARED] templates/activities.ts:1:15 The package @a/b is not among the bundle's dependencies.",
    ),
  ]);
});

test("a declared package is bundled, with what it imports itself", async () => {
  const built = await activitiesOf({
    "templates/package.json": '{ "dependencies": { "sum": "1.0.0" } }',
    "templates/node_modules/sum/package.json": '{ "name": "sum", "version": "1.0.0", "main": "index.js" }',
    "templates/node_modules/sum/index.js": 'module.exports = require("add");',
    "templates/node_modules/add/index.js": "module.exports = (a, b) => a + b;",
    "templates/activities.ts": 'import sum from "sum";\nexport const three = sum(1, 2);\n',
  });
  expect(load(built, {}).exports.three).toBe(3);
});
