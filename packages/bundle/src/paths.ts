import type { Fault } from "@ntro/contract";
import { LIMITS } from "./limits";

const FOLDERS = ["templates", "subledgers", "migrations"];
const IGNORED_FOLDERS = new Set(["node_modules", "__pycache__", "tests"]);
const TEST_FILE = /\.(test|spec)\.[cm]?[jt]sx?$/;
const MIGRATION = /^migrations\/(\d{3,})_[A-Za-z0-9][A-Za-z0-9_-]*\.sql$/;

/** The file with the frontmatter, and the name older bundles gave it. */
export const RUNBOOK_FILE = "runbook.md";
/** Read where runbook.md is absent. */
export const OLDER_RUNBOOK_FILE = "skill.md";

/**
 * Whether a safe path belongs to the bundle. Dot files, node_modules, __pycache__, tests and everything beside the known
 * folders stay behind silently. Also right for a folder's path: false means nothing below it belongs.
 */
export function isIncluded(path: string): boolean {
  if (path === RUNBOOK_FILE || path === OLDER_RUNBOOK_FILE) return true;
  const parts = path.split("/");
  if (!FOLDERS.includes(parts[0] ?? "")) return false;
  return !parts.some((part) => part.startsWith(".") || IGNORED_FOLDERS.has(part)) && !TEST_FILE.test(path);
}

/** Why a path could escape the bundle's folder or not exist on every system, or undefined when it is safe. */
function unsafeBecause(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "is absolute";
  if (path.includes("\\")) return "contains a backslash";
  if (path.includes("\uFFFD") || /\p{Surrogate}/u.test(path)) return "is not valid UTF-8";
  if (/\p{Cc}/u.test(path)) return "contains a control character";
  if (Buffer.byteLength(path) > LIMITS.pathBytes) return `is longer than ${LIMITS.pathBytes} bytes`;
  for (const part of path.split("/")) {
    if (part === "") return "has an empty part (`//` or a `/` at its end)";
    if (part === "." || part === "..") return `contains \`${part}\``;
    if (Buffer.byteLength(part) > 200) return "has a part longer than 200 bytes";
  }
  return undefined;
}

/** Faults of each path by itself: absolute, `..`, backslash, empty parts, characters and names not every system takes. */
export function checkPathSafety(path: string): Fault | undefined {
  const reason = unsafeBecause(path);
  if (reason === undefined) return undefined;
  return {
    code: "PATH_UNSAFE",
    message: `The path ${JSON.stringify(path)} ${reason}.`,
    path: printable(path),
    hint: "Paths are relative to the bundle's folder, with `/` between their parts, such as templates/workflow.ts.",
  };
}

/** A path that may be shown and logged: control characters and lone surrogates replaced, and of bounded length. */
function printable(path: string): string {
  return path.replace(/\p{Cc}|\p{Surrogate}/gu, "\uFFFD").slice(0, LIMITS.pathBytes);
}

/** Faults among safe paths: the same path twice, two that differ only by case or Unicode form (folders too), a file that is also a folder. */
export function checkPathClashes(paths: Iterable<string>): Fault[] {
  const spelling = new Map<string, string>();
  const kinds = new Map<string, "file" | "folder">();
  const faults: Fault[] = [];
  for (const path of paths) {
    const clash = firstClash(path, spelling, kinds);
    if (clash) faults.push(clash);
  }
  return faults;
}

function firstClash(
  path: string,
  spelling: Map<string, string>,
  kinds: Map<string, "file" | "folder">,
): Fault | undefined {
  const parts = path.split("/");
  for (let length = 1; length <= parts.length; length += 1) {
    const prefix = parts.slice(0, length).join("/");
    const kind = length === parts.length ? "file" : "folder";
    const key = prefix.normalize("NFC").toLowerCase();
    const known = spelling.get(key);
    if (known === undefined) {
      spelling.set(key, prefix);
      kinds.set(key, kind);
    } else if (known !== prefix) {
      return clashFault(path, `${prefix} and ${known} differ only by upper and lower case or Unicode form.`);
    } else if (kinds.get(key) !== kind) {
      return clashFault(path, `${prefix} is both a file and a folder.`);
    } else if (kind === "file") {
      return clashFault(path, `${path} is there twice.`);
    }
  }
  return undefined;
}

function clashFault(path: string, message: string): Fault {
  return { code: "PATH_CASE_CLASH", message, path, hint: "Rename one of them: some systems cannot hold both." };
}

/** Faults of the migrations' names: not `NNN_name.sql`, or one number used twice. */
export function checkMigrationNames(paths: Iterable<string>): Fault[] {
  const faults: Fault[] = [];
  const numbers = new Map<number, string>();
  for (const path of paths) {
    if (!path.startsWith("migrations/")) continue;
    const number = Number(MIGRATION.exec(path)?.[1]);
    const earlier = numbers.get(number);
    if (Number.isNaN(number)) {
      faults.push(migrationFault(path, "A migration is a file NNN_name.sql directly in migrations/."));
    } else if (earlier !== undefined) {
      faults.push(migrationFault(path, `${earlier} has the number ${number} already.`));
    } else {
      numbers.set(number, path);
    }
  }
  return faults;
}

function migrationFault(path: string, message: string): Fault {
  return {
    code: "MIGRATION_NAME_INVALID",
    message,
    path,
    hint: "Name it like migrations/001_subledger_rent.sql; they run in the order of their numbers.",
  };
}
