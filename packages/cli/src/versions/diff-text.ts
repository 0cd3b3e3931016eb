import type { createColors } from "picocolors";
import { printable } from "../output";
import type { FileDifference } from "./compare-files";

type Colours = ReturnType<typeof createColors>;

/** Lines of all files together that are shown at most. */
const SHOWN_LINES = 5_000;

/** The differences as a unified diff, cut where it becomes too long, with a summary at its end. */
export function diffText(files: readonly FileDifference[], colour: Colours): string {
  if (files.length === 0) return "No difference.";
  const lines: string[] = [];
  for (const [index, file] of files.entries()) {
    const own = linesOf(file);
    const room = SHOWN_LINES - lines.length;
    lines.push(...own.slice(0, room).map((line) => painted(line, colour)));
    if (own.length <= room) continue;
    const rest = files.length - index - 1;
    const more = `${own.length - room} more lines of ${file.path}${rest > 0 ? ` and ${count(rest, "more file")}` : ""}`;
    lines.push(colour.dim(`… ${more} not shown: --name-only lists the files, -o json has everything.`));
    break;
  }
  return [...lines, "", summary(files)].join("\n");
}

/** One line for each file: a letter and its path. */
export function namesText(files: readonly FileDifference[], colour: Colours): string {
  if (files.length === 0) return "No difference.";
  const letters = { added: colour.green("A"), changed: colour.yellow("M"), removed: colour.red("D") };
  return [...files.map(({ path, change }) => `${letters[change]}  ${printable(path)}`), "", summary(files)].join("\n");
}

function linesOf({ path, change, patch }: FileDifference): string[] {
  if (patch === null) return [`--- a/${path}`, `+++ b/${path}`, "… differs too much to be shown line by line"];
  // An empty file has no lines to show.
  return patch.includes("\n@@") ? patch.split("\n") : [...patch.split("\n"), `… ${change}, empty`];
}

function painted(raw: string, colour: Colours): string {
  const line = printable(raw);
  if (line.startsWith("--- ") || line.startsWith("+++ ")) return colour.bold(line);
  if (line.startsWith("@@")) return colour.cyan(line);
  if (line.startsWith("+")) return colour.green(line);
  return line.startsWith("-") ? colour.red(line) : line;
}

function summary(files: readonly FileDifference[]): string {
  const sum = (side: "added" | "removed") => files.reduce((total, file) => total + (file[side] ?? 0), 0);
  const unknown = files.filter(({ patch }) => patch === null).length;
  const besides = unknown > 0 ? `, ${count(unknown, "file")} not counted` : "";
  return `${count(files.length, "file")} changed, ${count(sum("added"), "line")} added, ${count(sum("removed"), "line")} removed${besides}`;
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en-GB")} ${what}${number === 1 ? "" : "s"}`;
}
