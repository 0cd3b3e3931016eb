import { createRequire } from "node:module";
import { dirname } from "node:path";
import { folderWith, RUNBOOK_MD } from "../bundle-fixture";

const DECLARATIONS = `import type * as z from "zod";
export interface Activity<I, O> { input: z.ZodType<I>; run(input: I): Promise<O> }
export declare function activity<I, O>(activity: Activity<I, O>): Activity<I, O>;
export declare function runbook<T>(definition: T): T;
export declare function now(): Date;
export declare function money(): z.ZodString;
`;
const CODE = `import * as z from "zod";
import { cancelled } from "@temporalio/activity";
export { cancelled };
export const activity = (definition) => definition;
export const runbook = (definition) => definition;
export const now = () => new Date(0);
export const money = () => z.string().regex(/^[0-9]+$/);
`;

/** Where the zod of this installation lies. */
export const zodDir = dirname(createRequire(import.meta.url).resolve("zod/package.json"));

/** The folder of an authoring SDK as small as can be. */
export function sdkFolder(): Promise<string> {
  return folderWith([
    ["index.d.ts", DECLARATIONS],
    ["index.js", CODE],
    ["package.json", '{ "type": "module" }'],
  ]);
}

/** The files of a small bundle that compiles; give more, or other texts for the same paths. */
export function typescriptFiles(more: Record<string, string> = {}): Map<string, string> {
  return new Map(
    Object.entries({
      "runbook.md": RUNBOOK_MD,
      "templates/models.ts": `import * as z from "zod";
import { money } from "@ntro/runbook";
export const Input = z.object({ period: z.string(), nav: money() });
`,
      "templates/activities.ts": `import { readFile } from "node:fs/promises";
import { activity } from "@ntro/runbook";
import { Input } from "./models";
export const size = activity({ input: Input, run: async ({ period }) => Buffer.byteLength(await readFile(period)) });
`,
      "templates/workflow.ts": `import { now, runbook } from "@ntro/runbook";
import * as activities from "./activities";
import { Input } from "./models";
export default runbook({ input: Input, activities, run: async () => ({ at: now().toISOString(), size: await activities.size.run({ period: "a", nav: "1" }) }) });
`,
      ...more,
    }),
  );
}
