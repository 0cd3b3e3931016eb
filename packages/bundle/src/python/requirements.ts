import { createHash } from "node:crypto";
import { BASE_ENVIRONMENT, type Fault } from "@ntro/contract";
import { lineOf } from "../fault";
import { BASE_PACKAGES, SDK_ALIASES } from "./base-packages";

/** Where a Python bundle names the packages it uses beside the SDK. */
export const REQUIREMENTS_FILE = "templates/requirements.txt";

/** What a Python bundle runs in. */
export interface Requirements {
  /** {@link BASE_ENVIRONMENT}, or the first 12 hex digits of the sha256 of {@link lines}: bundles that ask for the same share an environment. */
  readonly environment: string;
  /** PEP 508 in one form, sorted, each once; what the platform provides is left out. */
  readonly lines: string[];
  /** Names as written of what the platform provides. */
  readonly provided: string[];
}

/** Either the requirements, or everything that is wrong with the file. */
export type RequirementsResult = { status: "ok"; requirements: Requirements } | { status: "faulty"; faults: Fault[] };

/** How many hex digits of a digest name an environment. */
const NAME_DIGITS = 12;

/**
 * Reads templates/requirements.txt: requirements of PEP 508, comments and continued lines. Options of pip are refused, for which index or file packages come from is
 * the platform's to say; so are paths, for a bundle's own modules are imported as they are.
 * @param text of the file; undefined when there is none
 */
export function readRequirements(text: string | undefined): RequirementsResult {
  const faults: Fault[] = [];
  const asked = new Map<string, Requirement>();
  for (const { line, content } of logicalLines(text ?? "")) {
    const requirement = parseRequirement(content);
    const wrong = typeof requirement === "string" ? requirement : clashWith(asked, requirement);
    if (typeof requirement === "string" || wrong !== undefined)
      faults.push(fault(text ?? "", line, wrong ?? "", hintFor(content)));
    else asked.set(keyOf(requirement), requirement);
  }
  if (faults.length > 0) return { status: "faulty", faults };
  const provided = [...asked.values()].filter(isProvided).map(({ written }) => written);
  const lines = [...asked.values()]
    .filter((requirement) => !isProvided(requirement))
    .map(({ canonical }) => canonical)
    .sort();
  return { status: "ok", requirements: { environment: environmentName(lines), lines, provided } };
}

/** The name of the environment that has these, beyond the base. */
function environmentName(lines: readonly string[]): string {
  if (lines.length === 0) return BASE_ENVIRONMENT;
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, NAME_DIGITS);
}

interface Requirement {
  /** The name as written. */
  readonly written: string;
  /** As PEP 503 normalises it. */
  readonly name: string;
  /** Nothing but a name: no extras, version, address or marker. */
  readonly bare: boolean;
  readonly marker: string;
  /** The whole requirement in one form. */
  readonly canonical: string;
}

function isProvided({ name, bare }: Requirement): boolean {
  return SDK_ALIASES.has(name) || (bare && BASE_PACKAGES.has(name));
}

/** One package may be asked for several times under different markers. */
function keyOf({ name, marker }: Requirement): string {
  return `${name};${marker}`;
}

function clashWith(asked: ReadonlyMap<string, Requirement>, requirement: Requirement): string | undefined {
  const earlier = asked.get(keyOf(requirement));
  if (earlier === undefined || earlier.canonical === requirement.canonical) return undefined;
  return `${requirement.written} is asked for twice: as "${earlier.canonical}" and as "${requirement.canonical}"`;
}

/** Lines without comments, those that end in a backslash joined with the next; numbered from 1 by where they start. */
function logicalLines(text: string): { line: number; content: string }[] {
  const found: { line: number; content: string }[] = [];
  let open: { line: number; content: string } | undefined;
  text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .forEach((raw, index) => {
      const isComment = open === undefined && /^\s*#/.test(raw);
      const continued = !isComment && raw.endsWith("\\");
      const part = continued ? raw.slice(0, -1) : raw;
      open = open ? { ...open, content: open.content + part } : { line: index + 1, content: part };
      if (continued) return;
      found.push(open);
      open = undefined;
    });
  if (open) found.push(open);
  return found
    .map(({ line, content }) => ({ line, content: content.replace(/(^|\s)#.*$/, "").trim() }))
    .filter(({ content }) => content !== "");
}

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/;
const VERSION = /^(===|~=|==|!=|<=|>=|<|>)\s*([A-Za-z0-9_.*+!-]+)$/;

/** A requirement, or what is wrong with it as the end of a sentence. */
function parseRequirement(content: string): Requirement | string {
  if (content.startsWith("-")) return `"${content.split(/[\s=]/, 1)[0]}" is an option of pip, not a package`;
  if (isPath(content)) return `"${content}" is a path or an address, not a package`;
  const written = NAME.exec(content)?.[0];
  if (written === undefined) return `"${content}" does not begin with the name of a package`;
  const rest = splitMarker(content.slice(written.length));
  const extras = /^\s*\[([^\]]*)\]/.exec(rest.spec);
  const names = extras ? (extras[1] ?? "").split(",").map((extra) => extra.trim()) : [];
  if (names.some((extra) => NAME.exec(extra)?.[0] !== extra) && (extras?.[1] ?? "").trim() !== "")
    return `the extras of ${written} are not names`;
  const spec = parseSpec(rest.spec.slice(extras?.[0].length ?? 0).trim());
  if (spec === undefined) return `what follows ${written} is no version: "${rest.spec.trim()}"`;
  if (rest.marker === "") return `the marker of ${written} is empty`;
  const name = normalise(written);
  const shownExtras = names.filter((extra) => extra !== "").map(normalise);
  const marker = rest.marker ?? "";
  const canonical = [
    name,
    shownExtras.length > 0 ? `[${[...new Set(shownExtras)].sort().join(",")}]` : "",
    spec,
    marker === "" ? "" : `${spec.startsWith(" @ ") ? " " : ""}; ${marker}`,
  ].join("");
  return { written, name, bare: canonical === name, marker, canonical };
}

/** The part before the marker and the marker; an address may hold a `;` of its own, so there a blank has to come before it. */
function splitMarker(text: string): { spec: string; marker: string | undefined } {
  const isAddress = /^\s*(\[[^\]]*\])?\s*@/.test(text);
  const at = isAddress ? text.search(/\s;/) : text.indexOf(";");
  if (at === -1) return { spec: text, marker: undefined };
  const marker = text.slice(at).replace(/^\s*;/, "");
  return { spec: text.slice(0, at), marker: marker.trim().replace(/\s+/g, " ") };
}

/** A version specifier or an address in one form; undefined when it is neither. */
function parseSpec(spec: string): string | undefined {
  if (spec === "") return "";
  const address = /^@\s*(\S+)$/.exec(spec)?.[1];
  if (address !== undefined) return /^(?:git\+)?https?:\/\//.test(address) ? ` @ ${address}` : undefined;
  const bare = /^\((.*)\)$/.exec(spec)?.[1] ?? spec;
  const parts = bare.split(",").map((part) => VERSION.exec(part.trim()));
  if (parts.some((part) => part === null)) return undefined;
  return parts
    .map((part) => `${part?.[1]}${part?.[2]}`)
    .sort()
    .join(",");
}

function isPath(content: string): boolean {
  return (
    /^[./~\\]|^[A-Za-z]:[\\/]|^[a-z+]+:\/\/|^file:/i.test(content) ||
    /^[^\s@;[]+(?:\/|\.(?:whl|zip|tar\.gz|tgz))/i.test(content) ||
    /@\s*file:/i.test(content)
  );
}

function normalise(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

function hintFor(content: string): string {
  if (content.startsWith("-"))
    return "One package on each line, such as pandas==2.2.3. Which index packages come from is set where the worker runs.";
  if (isPath(content))
    return "Name a package, such as pandas==2.2.3, or `name @ https://…`. A module of the bundle's own is imported without being listed.";
  return "One package on each line, such as pandas==2.2.3 or pandas[excel]>=2,<3.";
}

function fault(text: string, line: number, message: string, hint: string): Fault {
  const source = lineOf(text, line);
  return {
    code: "REQUIREMENTS_INVALID",
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}.`,
    path: REQUIREMENTS_FILE,
    line,
    ...(source === undefined ? {} : { source }),
    hint,
  };
}
