import type { Fault, Manifest } from "@ntro/contract";
import type { Requirements } from "./python/requirements";

/** A bundle's files: POSIX path in the bundle → text. */
export type Files = ReadonlyMap<string, string>;

/** A bundle every check of which passed. */
export interface Bundle {
  files: Files;
  manifest: Manifest;
  /** What a Python bundle runs in; null for TypeScript. */
  requirements: Requirements | null;
}

/** Either the checked bundle, or everything that is wrong with it (never empty). */
export type BundleResult = { status: "ok"; bundle: Bundle } | { status: "faulty"; faults: Fault[] };

/** Where an offset lies: line and column from 1 (UTF-16 units) and the whole line. */
export interface Place {
  line: number;
  column: number;
  source: string;
}

/** The place of `offset` (UTF-16 units from 0; past the end counts as the end) in `text`. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, Math.max(0, offset));
  const line = before.split("\n").length;
  return { line, column: before.length - before.lastIndexOf("\n"), source: lineOf(text, line) ?? "" };
}

/** Line `line` (from 1) of `text` without its line end, or undefined when there is none. */
export function lineOf(text: string, line: number): string | undefined {
  return text.split("\n")[line - 1]?.replace(/\r$/, "");
}

/** Faults in the order people work through them: by file, then line, then column; those of the folder as a whole first. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  return [...faults].sort(
    (a, b) => compareText(a.path, b.path) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Longest part of an offending line that is shown. */
const SHOWN = 160;

/**
 * A fault as text for a terminal, without colours: code, place and what happened; then the offending line with a mark
 * under the column; then what to do about it.
 *
 *     [TYPESCRIPT_ERROR] templates/workflow.ts:3:7 Type 'string' is not assignable to type 'number'.
 *         3 | const rows: number = "all";
 *           |       ^
 *       hint: …
 */
export function formatFault(fault: Fault): string {
  const position =
    fault.line === undefined ? "" : `:${fault.line}${fault.column === undefined ? "" : `:${fault.column}`}`;
  const where = fault.path === "" ? "" : ` ${fault.path}${position}`;
  const lines = [`[${fault.code}]${where} ${fault.message}`];
  if (fault.line !== undefined && fault.source !== undefined)
    lines.push(...excerpt(fault.line, fault.column, fault.source));
  if (fault.hint !== undefined) lines.push(`  hint: ${fault.hint}`);
  return lines.join("\n");
}

function excerpt(line: number, column: number | undefined, source: string): string[] {
  const number = String(line).padStart(5);
  const shown = source.length > SHOWN ? `${source.slice(0, SHOWN)}…` : source;
  const lines = [`${number} | ${shown}`];
  if (column !== undefined && column <= SHOWN) {
    // Tabs are kept so that the mark stands under the same column whatever their width.
    const gap = source.slice(0, column - 1).replace(/[^\t]/g, " ");
    lines.push(`${" ".repeat(number.length)} | ${gap}^`);
  }
  return lines;
}
