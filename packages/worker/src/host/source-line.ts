import { existsSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";

/** Longer lines tell nobody more. */
const LONGEST = 200;

/**
 * The text of a line of an author's file, trimmed; null where it is empty or not to be had.
 * @param dir of the installed revision
 * @param path below it
 * @param line from 1
 */
export function sourceLine(dir: string, path: string, line: number): string | null {
  const file = join(dir, path);
  if (!resolve(file).startsWith(resolve(dir) + sep) || !existsSync(file)) return null;
  const text = readFileSync(file, "utf8").split("\n")[line - 1]?.trim();
  return text ? text.slice(0, LONGEST) : null;
}
