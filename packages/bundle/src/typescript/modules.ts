import { posix } from "node:path";
import { type EcmaScriptModule, type Program, parseSync } from "oxc-parser";
import type { Files } from "../fault";

/** The file every TypeScript bundle starts at. */
export const WORKFLOW_FILE = "templates/workflow.ts";
/** Where activities may be written; the first that is there counts. Workflow code sees only their types. */
export const ACTIVITY_FILES = ["templates/activities.ts", "templates/activities/index.ts"] as const;

/** One import or re-export of a module. */
export interface Import {
  specifier: string;
  /** Where the specifier starts in the text, in UTF-16 units. */
  offset: number;
  /** Nothing of it is there at run time. */
  typeOnly: boolean;
}

/** A parsed source file of a bundle. */
export interface Module {
  path: string;
  text: string;
  program: Program;
  imports: Import[];
  hasDefaultExport: boolean;
}

/** Parses one file, or gives undefined when its syntax is wrong: the compiler says that better. */
function parseModule(path: string, text: string): Module | undefined {
  const { program, module, errors } = parseSync(path, text, { preserveParens: false });
  if (errors.length > 0) return undefined;
  return { path, text, program, imports: importsOf(module), hasDefaultExport: exportsDefault(module) };
}

function importsOf(module: EcmaScriptModule): Import[] {
  const imports = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    offset: moduleRequest.start,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }));
  const reexports = module.staticExports.flatMap(({ entries }) => {
    const request = entries[0]?.moduleRequest;
    if (!request) return [];
    return [{ specifier: request.value, offset: request.start, typeOnly: entries.every(({ isType }) => isType) }];
  });
  return [...imports, ...reexports];
}

function exportsDefault(module: EcmaScriptModule): boolean {
  const entries = module.staticExports.flatMap((statement) => statement.entries);
  return entries.some(
    ({ exportName, isType }) => !isType && (exportName.kind === "Default" || exportName.name === "default"),
  );
}

/** Where a relative import leads: a file of the bundle, nowhere in it (the compiler reports that), or out of it. */
export type Target = { kind: "file"; path: string } | { kind: "absent" } | { kind: "outside" };

/** Resolves a relative specifier as the bundler does. */
export function resolveRelative(files: Files, from: string, specifier: string): Target {
  const path = posix.join(posix.dirname(from), specifier);
  if (path === ".." || path.startsWith("../")) return { kind: "outside" };
  const stem = path.replace(/\.([mc]?)js$/, ".$1ts");
  const candidates = [path, stem, `${path}.ts`, `${path}.js`, `${path}.json`, `${path}/index.ts`, `${path}/index.js`];
  const found = candidates.find((candidate) => files.has(candidate));
  return found === undefined ? { kind: "absent" } : { kind: "file", path: found };
}

/** Whether a specifier names a path and not a package. */
export function isPath(specifier: string): boolean {
  return /^(\.{1,2}(\/|$)|\/)/.test(specifier);
}

/**
 * Everything that runs as workflow code: templates/workflow.ts and what it imports, itself or through others, without
 * activities and without what is imported for its types only. Files whose syntax is wrong are left out.
 */
export function workflowModules(files: Files): Module[] {
  const activities: readonly string[] = ACTIVITY_FILES;
  const modules = new Map<string, Module>();
  const open = [WORKFLOW_FILE];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const text = files.get(path);
    if (text === undefined || modules.has(path) || path.endsWith(".json")) continue;
    const module = parseModule(path, text);
    if (!module) continue;
    modules.set(path, module);
    for (const { specifier, typeOnly } of module.imports) {
      if (typeOnly || !isPath(specifier)) continue;
      const target = resolveRelative(files, path, specifier);
      if (target.kind === "file" && !activities.includes(target.path)) open.push(target.path);
    }
  }
  return [...modules.values()];
}
