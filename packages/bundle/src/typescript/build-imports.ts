import { isBuiltin } from "node:module";
import { join, relative, resolve, sep } from "node:path";
import { FaultCode } from "@ntro/contract";
import type { OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import * as z from "zod";
import { ACTIVITY_FILES, isPath } from "./modules";

/** Refusals carry their fault code through esbuild in `detail`. */
const Detail = z.object({ faultCode: FaultCode });

/** The code of a refusal made here, or undefined for esbuild's own errors. */
export function faultCodeOf(detail: unknown): FaultCode | undefined {
  return Detail.safeParse(detail).data?.faultCode;
}

function refuse(faultCode: FaultCode, text: string, hint: string): OnResolveResult {
  return { errors: [{ text, detail: { faultCode }, notes: [{ text: hint }] }] };
}

/** Follows the imports of activities: the SDK and zod from where they are given, packages only if the bundle declares them, nothing outside it. */
export function activityImports(from: {
  dir: string;
  sdkDir: string;
  zodDir: string;
  packages: ReadonlyMap<string, string>;
}): Plugin {
  const provided = new Map([
    ["@ntro/runbook", join(from.sdkDir, "index.js")],
    ["zod", join(from.zodDir, "index.js")],
  ]);
  return {
    name: "ntro-activities",
    setup({ onResolve }) {
      onResolve({ filter: /.*/ }, (args) => {
        const own = isOwn(from.dir, args);
        const path = own || isInside(from.sdkDir, args.importer) ? provided.get(args.path) : undefined;
        if (path !== undefined) return { path };
        if (!own || args.kind === "entry-point") return undefined;
        if (isPath(args.path)) return refuseOutside(from.dir, args);
        const name = packageName(args.path);
        if (isBuiltin(args.path) || from.packages.has(name)) return undefined;
        const hint = `Add it with its exact version to the dependencies of templates/package.json: { "dependencies": { "${name}": "1.2.3" } }.`;
        return refuse("PACKAGE_NOT_DECLARED", `The package ${name} is not among the bundle's dependencies.`, hint);
      });
    },
  };
}

/** Follows the imports of workflow code: its own files, a stub for activities, and the three packages that are left to be required. */
export function workflowImports({ dir, activitiesStub }: { dir: string; activitiesStub: string }): Plugin {
  const namespace = "ntro-activities-stub";
  const activities = new Set(ACTIVITY_FILES.flatMap(spellings).map((path) => join(dir, path)));
  return {
    name: "ntro-workflow",
    setup({ onResolve, onLoad }) {
      onLoad({ filter: /.*/, namespace }, () => ({
        contents: activitiesStub,
        loader: "ts",
        resolveDir: join(dir, "templates"),
      }));
      onResolve({ filter: /.*/ }, (args) => {
        if (args.kind === "entry-point") return undefined;
        if (isPath(args.path)) {
          const stands = activities.has(resolve(args.resolveDir, args.path));
          return stands ? { path: "activities", namespace, sideEffects: false } : refuseOutside(dir, args);
        }
        const byStub = args.path === "@temporalio/workflow" && args.namespace === namespace;
        if (args.path === "@ntro/runbook" || args.path === "zod" || byStub) return { path: args.path, external: true };
        const hint =
          "Use it in an activity (templates/activities.ts); if only its types are needed, write `import type`.";
        return refuse("NONDETERMINISTIC_IMPORT", `Workflow code may not import ${args.path}.`, hint);
      });
    },
  };
}

/** The ways to import a file: with its extension, with that of its JavaScript, without, and an index by its folder. */
function spellings(path: string): string[] {
  const stem = path.replace(/\.ts$/, "");
  return [path, stem, `${stem}.js`, stem.replace(/\/index$/, "")];
}

/** Whether the author wrote the importing file: it is the bundle's, not a package's. */
function isOwn(dir: string, { importer, resolveDir }: OnResolveArgs): boolean {
  const at = importer === "" ? resolveDir : importer;
  return isInside(dir, at) && !relative(dir, at).split(sep).includes("node_modules");
}

function refuseOutside(dir: string, args: OnResolveArgs): OnResolveResult | undefined {
  if (isInside(dir, resolve(args.resolveDir, args.path))) return undefined;
  const hint = "Only the bundle's own files are there when it runs: move the file into templates/.";
  return refuse("IMPORT_OUTSIDE_BUNDLE", `${args.path} is outside the bundle.`, hint);
}

function isInside(dir: string, path: string): boolean {
  const from = relative(dir, path);
  return from !== ".." && !from.startsWith(`..${sep}`);
}

/** `@scope/name` of `@scope/name/file`. */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
