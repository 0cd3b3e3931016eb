import { isBuiltin } from "node:module";
import type { Fault } from "@ntro/contract";
import { type Files, placeOf } from "../fault";
import { type Import, isPath, type Module, resolveRelative, WORKFLOW_FILE, workflowModules } from "./modules";
import {
  asNode,
  declaredNames,
  globalName,
  isGlobalObject,
  type Node,
  propertyName,
  rootOf,
  runtimeChildren,
} from "./syntax-tree";

/** Packages workflow code may import; the platform gives them. */
const WORKFLOW_PACKAGES = new Set(["@ntro/runbook", "zod"]);

const CLOCK = "Use now() of @ntro/runbook: it gives the same time again on replay.";
const CHANCE = "Use uuid() of @ntro/runbook, or draw it in an activity.";
const TIMER = "Use sleep() of @ntro/runbook: it survives restarts and costs nothing while it waits.";
const OUTSIDE = "Do it in an activity (templates/activities.ts) and use what the activity returns.";

/** Globals workflow code may not touch → what to do instead. */
const REFUSED = new Map([
  ["crypto", CHANCE],
  ["performance", CLOCK],
  ["setTimeout", TIMER],
  ["setInterval", TIMER],
  ["setImmediate", TIMER],
  ["fetch", OUTSIDE],
  ["process", OUTSIDE],
  ["require", OUTSIDE],
  ["WeakRef", "Keep the object itself: when memory is collected differs from run to run."],
  ["FinalizationRegistry", "Free what must be freed by hand: when memory is collected differs from run to run."],
]);

/** Properties of globals that are otherwise fine. */
const REFUSED_MEMBERS = new Map([
  ["Date.now", CLOCK],
  ["Math.random", CHANCE],
]);

/**
 * Finds what would make workflow code run differently when Temporal replays it: clock, chance, timers, the outside world,
 * and modules that could reach them. Looks at templates/workflow.ts and what it imports, never at activities. Also finds a
 * workflow file without its default export. A file whose syntax is wrong is left to the compiler.
 */
export function checkDeterminism(files: Files): Fault[] {
  const modules = workflowModules(files);
  const faults = modules.flatMap((module) => [...checkImports(files, module), ...checkCode(module)]);
  const workflow = modules.find(({ path }) => path === WORKFLOW_FILE);
  if (workflow && !workflow.hasDefaultExport) faults.unshift(noDefaultExport());
  return faults;
}

function noDefaultExport(): Fault {
  return {
    code: "DEFAULT_EXPORT_MISSING",
    message: "The file has no default export.",
    path: WORKFLOW_FILE,
    hint: "Export the runbook: `export default runbook({ … })`.",
  };
}

function checkImports(files: Files, module: Module): Fault[] {
  return module.imports.filter(({ typeOnly }) => !typeOnly).flatMap((found) => checkImport(files, module, found) ?? []);
}

function checkImport(files: Files, module: Module, { specifier, offset }: Import): Fault | undefined {
  const at = { path: module.path, ...placeOf(module.text, offset) };
  if (isPath(specifier)) {
    const outside = specifier.startsWith("/") || resolveRelative(files, module.path, specifier).kind === "outside";
    if (!outside) return undefined;
    const hint = "Only the bundle's own files are there when it runs: move the file into templates/.";
    return { code: "IMPORT_OUTSIDE_BUNDLE", message: `${specifier} is outside the bundle.`, ...at, hint };
  }
  if (WORKFLOW_PACKAGES.has(specifier)) return undefined;
  const what = isBuiltin(specifier) ? `${specifier} is a module of Node` : `${specifier} is a package`;
  return {
    code: "NONDETERMINISTIC_IMPORT",
    message: `${what}; workflow code may import only the bundle's own files, @ntro/runbook and zod.`,
    ...at,
    hint: `${OUTSIDE} If only its types are needed, write \`import type\`.`,
  };
}

function checkCode(module: Module): Fault[] {
  const root = rootOf(module.program);
  if (!root) return [];
  const declared = declaredNames(root);
  const faults: Fault[] = [];
  const visit = (node: Node, inFunction: boolean) => {
    const finding = findingAt(node, declared, inFunction);
    if (finding) faults.push({ path: module.path, ...placeOf(module.text, node.start), ...finding });
    // What a refused expression consists of would only be refused once more.
    if (finding?.code === "NONDETERMINISTIC_CALL") return visitArguments(node, inFunction);
    for (const child of runtimeChildren(node)) visit(child, inFunction || isFunction(node));
  };
  const visitArguments = (node: Node, inFunction: boolean) => {
    for (const argument of Array.isArray(node.arguments) ? node.arguments : []) {
      const child = asNode(argument);
      if (child) visit(child, inFunction);
    }
  };
  visit(root, false);
  return faults;
}

function isFunction(node: Node): boolean {
  return node.type.endsWith("FunctionExpression") || node.type === "FunctionDeclaration";
}

type Finding = Pick<Fault, "code" | "message" | "hint">;

function findingAt(node: Node, declared: ReadonlySet<string>, inFunction: boolean): Finding | undefined {
  switch (node.type) {
    case "CallExpression":
      return globalName(node.callee, declared) === "Date" ? refused("Date()", CLOCK) : undefined;
    case "NewExpression": {
      const bare = Array.isArray(node.arguments) && node.arguments.length === 0;
      return bare && globalName(node.callee, declared) === "Date" ? refused("new Date()", CLOCK) : undefined;
    }
    case "Identifier":
    case "MemberExpression":
      return refusedName(node, declared);
    case "VariableDeclarator":
      return refusedDestructuring(node, declared);
    case "ImportExpression":
      return {
        code: "NONDETERMINISTIC_IMPORT",
        message: "import() loads code at run time; workflow code must be complete when it starts.",
        hint: "Import it at the top of the file, or do it in an activity.",
      };
    case "TSImportEqualsDeclaration":
      return asNode(node.moduleReference)?.type === "TSExternalModuleReference"
        ? refused("import … = require()", OUTSIDE)
        : undefined;
    case "AwaitExpression":
      return inFunction ? undefined : topLevelAwait();
    case "ForOfStatement":
      return node.await === true && !inFunction ? topLevelAwait() : undefined;
    default:
      return undefined;
  }
}

function refusedName(node: Node, declared: ReadonlySet<string>): Finding | undefined {
  const name = globalName(node, declared);
  const hint = name === undefined ? undefined : REFUSED.get(name);
  if (name !== undefined && hint !== undefined) return refused(name, hint);
  if (node.type !== "MemberExpression") return undefined;
  return refusedMember(globalName(node.object, declared), propertyName(node));
}

function refusedMember(object: string | undefined, property: string | undefined): Finding | undefined {
  const name = isGlobalObject(object) ? String(property) : `${object}.${property}`;
  const hint = REFUSED_MEMBERS.get(name) ?? (isGlobalObject(object) ? REFUSED.get(name) : undefined);
  return hint === undefined ? undefined : refused(name, hint);
}

/** `const { now } = Date` */
function refusedDestructuring(node: Node, declared: ReadonlySet<string>): Finding | undefined {
  const pattern = asNode(node.id);
  const object = globalName(node.init, declared);
  if (pattern?.type !== "ObjectPattern" || object === undefined || !Array.isArray(pattern.properties)) return undefined;
  const keys = pattern.properties.map((property) => asNode(asNode(property)?.key)?.name);
  return keys.map((key) => refusedMember(object, String(key))).find((finding) => finding !== undefined);
}

function refused(name: string, hint: string): Finding {
  return {
    code: "NONDETERMINISTIC_CALL",
    message: `${name} may not be used in workflow code: replaying the task would not give the same result.`,
    hint,
  };
}

function topLevelAwait(): Finding {
  const hint = "Await inside run(), where the task is already going.";
  return {
    code: "TOP_LEVEL_AWAIT",
    message: "await outside a function: workflow code is loaded without waiting.",
    hint,
  };
}
