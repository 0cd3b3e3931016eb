import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Fault } from "@ntro/contract";
import { type BuildOptions, build, type Message } from "esbuild";
import { activityImports, faultCodeOf, workflowImports } from "./build-imports";
import { declaredPackages } from "./install-packages";
import { ACTIVITY_FILES, WORKFLOW_FILE } from "./modules";
import { ownMappings } from "./own-mappings";

/** A text that runs, and its source map (version 3, JSON) with paths relative to the bundle; it maps what lies in the bundle's folder alone. */
export interface Built {
  code: string;
  sourceMap: string;
}

/** Either what was built, or why it could not be. */
export type BuildResult = ({ status: "ok" } & Built) | { status: "faulty"; faults: Fault[] };

/**
 * Bundles templates/activities.ts as CommonJS for Node 20, with `@ntro/runbook`, zod and the packages of
 * templates/package.json inside. Its only requires are Node's own modules and `@temporalio/*`, which whoever loads it gives.
 * A bundle without activities gives a module without exports.
 * @param from all absolute: the bundle's folder, the folders whose index.js are `@ntro/runbook` and zod
 */
export async function buildActivities(from: { dir: string; sdkDir: string; zodDir: string }): Promise<BuildResult> {
  const [dir, sdkDir, zodDir] = await Promise.all([realpath(from.dir), realpath(from.sdkDir), realpath(from.zodDir)]);
  const packages = await declaredPackages(dir);
  if (packages.status === "faulty") return packages;
  const entry = ACTIVITY_FILES.map((path) => join(dir, path)).find((path) => existsSync(path));
  return run(dir, {
    ...(entry === undefined ? { stdin: { contents: "export {};", resolveDir: dir } } : { entryPoints: [entry] }),
    platform: "node",
    target: "node20",
    external: ["@temporalio/*"],
    // The SDK and zod are large; their names are not needed to read a stack trace of the author's code.
    minifyWhitespace: true,
    sourcesContent: false,
    plugins: [activityImports({ dir, sdkDir, zodDir, packages: packages.packages })],
  });
}

/**
 * Bundles templates/workflow.ts as CommonJS without a platform, target es2022. Its only requires are `@ntro/runbook`, `zod` and,
 * if the stub has it, `@temporalio/workflow`.
 * @param from the bundle's folder (absolute) and the TypeScript that stands for templates/activities wherever it is imported
 */
export async function buildWorkflow(from: { dir: string; activitiesStub: string }): Promise<BuildResult> {
  const dir = await realpath(from.dir);
  return run(dir, {
    entryPoints: [join(dir, WORKFLOW_FILE)],
    platform: "neutral",
    target: "es2022",
    plugins: [workflowImports({ dir, activitiesStub: from.activitiesStub })],
  });
}

/** The output's name; it only says where paths in the source map start. */
const OUTPUT = "bundle.cjs";

async function run(dir: string, options: BuildOptions): Promise<BuildResult> {
  try {
    const { outputFiles } = await build({
      ...options,
      absWorkingDir: dir,
      outfile: join(dir, OUTPUT),
      write: false,
      bundle: true,
      format: "cjs",
      sourcemap: "external",
      charset: "utf8",
      legalComments: "none",
      logLevel: "silent",
      // A tsconfig.json in or above the folder would make the result depend on the machine.
      tsconfigRaw: {},
    });
    const text = (name: string) => outputFiles?.find(({ path }) => path.endsWith(name))?.text ?? "";
    return { status: "ok", code: text(OUTPUT), sourceMap: ownMappings(text(`${OUTPUT}.map`), isAuthors) };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return { status: "faulty", faults: error.errors.map(asFault) };
  }
}

/** Whether a source map's source is a file or a package of the bundle, and not of the SDK or zod. */
function isAuthors(source: string): boolean {
  return !source.startsWith("../");
}

function isBuildFailure(error: unknown): error is { errors: Message[] } {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function asFault({ text, location, notes, detail }: Message): Fault {
  const code = faultCodeOf(detail) ?? (text.startsWith("Top-level await") ? "TOP_LEVEL_AWAIT" : "TYPESCRIPT_ERROR");
  const hint = notes[0]?.text;
  const fault: Fault = { code, message: text, path: location?.file ?? "", ...(hint ? { hint } : {}) };
  if (!location) return fault;
  // esbuild counts columns in bytes from 0.
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString();
  return { ...fault, line: location.line, column: before.length + 1, source: location.lineText };
}
