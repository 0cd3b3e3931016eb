import { type Program, visitorKeys } from "oxc-parser";

/** A node of the syntax tree, as far as a walk needs to know it. */
export interface Node {
  type: string;
  /** UTF-16 units from the start of the file. */
  start: number;
  end: number;
  [property: string]: unknown;
}

/** The node of a program to walk from. */
export function rootOf(program: Program): Node | undefined {
  return asNode(program);
}

/** `value` as a node, or undefined when it is none. */
export function asNode(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value
  );
}

const TYPE_KEYS = new Set([
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "typeArguments",
  "superTypeArguments",
  "implements",
]);
const TYPE_NODES = new Set(["TSTypeAliasDeclaration", "TSInterfaceDeclaration", "TSDeclareFunction"]);

/** The children that exist at run time: types, `declare`d things and names that only label something are left out. */
export function runtimeChildren(node: Node): Node[] {
  if (TYPE_NODES.has(node.type) || node.declare === true) return [];
  return (visitorKeys[node.type] ?? [])
    .filter((key) => !TYPE_KEYS.has(key) && !isLabel(node, key))
    .flatMap((key) => {
      const child = node[key];
      return (Array.isArray(child) ? child : [child]).filter(isNode);
    });
}

/** Keys under which stands a name that refers to nothing in this file: `x` in `a.x`, `{ x: 1 }`, `break x` or `export { y as x }`. */
const LABEL_KEYS: Record<string, readonly string[]> = {
  LabeledStatement: ["label"],
  BreakStatement: ["label"],
  ContinueStatement: ["label"],
  MetaProperty: ["meta", "property"],
  ImportDeclaration: ["specifiers"],
  ExportSpecifier: ["exported"],
  ExportAllDeclaration: ["exported"],
  TSEnumMember: ["id"],
};

function isLabel(node: Node, key: string): boolean {
  if (key === "key" || (key === "property" && node.type === "MemberExpression")) return node.computed !== true;
  if (key === "specifiers" && node.source) return true;
  return LABEL_KEYS[node.type]?.includes(key) ?? false;
}

/** Names the file declares anywhere: imports, variables, parameters, functions, classes, enums, caught errors. */
export function declaredNames(root: Node): Set<string> {
  const names = new Set<string>();
  const visit = (node: Node) => {
    for (const binding of bindingsOf(node)) addBoundNames(binding, names);
    for (const child of runtimeChildren(node)) visit(child);
  };
  visit(root);
  return names;
}

function bindingsOf(node: Node): unknown[] {
  switch (node.type) {
    case "ImportDeclaration":
      return (Array.isArray(node.specifiers) ? node.specifiers : []).map((specifier) => asNode(specifier)?.local);
    case "CatchClause":
      return [node.param];
    case "VariableDeclarator":
    case "ClassDeclaration":
    case "ClassExpression":
    case "TSEnumDeclaration":
    case "TSImportEqualsDeclaration":
      return [node.id];
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return [node.id, ...(Array.isArray(node.params) ? node.params : [])];
    default:
      return [];
  }
}

function addBoundNames(binding: unknown, names: Set<string>): void {
  if (Array.isArray(binding)) {
    for (const part of binding) addBoundNames(part, names);
    return;
  }
  const node = asNode(binding);
  if (node?.type === "Identifier") names.add(String(node.name));
  else if (node)
    for (const key of ["properties", "elements", "value", "left", "argument", "parameter"])
      addBoundNames(node[key], names);
}

const GLOBAL_OBJECTS = new Set(["globalThis", "global", "window", "self"]);

/** The global an expression names, as `process`, `globalThis.process` or `globalThis["process"]`; undefined when the file declares it. */
export function globalName(expression: unknown, declared: ReadonlySet<string>): string | undefined {
  const node = unwrap(asNode(expression));
  if (node?.type === "Identifier") return declared.has(String(node.name)) ? undefined : String(node.name);
  if (node?.type !== "MemberExpression") return undefined;
  const object = globalName(node.object, declared);
  return object !== undefined && GLOBAL_OBJECTS.has(object) ? propertyName(node) : undefined;
}

/** Whether a name is that of the global object. */
export function isGlobalObject(name: string | undefined): boolean {
  return name !== undefined && GLOBAL_OBJECTS.has(name);
}

/** The name a member expression reads, when it is written out: `a.x` or `a["x"]`. */
export function propertyName(member: Node): string | undefined {
  const property = asNode(member.property);
  if (!property) return undefined;
  if (member.computed !== true) return String(property.name);
  return property.type === "Literal" && typeof property.value === "string" ? property.value : undefined;
}

/** The expression inside `!`, `as`, `satisfies` and optional chains. */
function unwrap(node: Node | undefined): Node | undefined {
  const wrappers = [
    "TSNonNullExpression",
    "TSAsExpression",
    "TSSatisfiesExpression",
    "TSTypeAssertion",
    "ChainExpression",
  ];
  return node && wrappers.includes(node.type) ? unwrap(asNode(node.expression)) : node;
}
