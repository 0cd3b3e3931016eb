import { structuredPatch } from "diff";

/** One file that differs. */
export interface FileDifference {
  readonly path: string;
  readonly change: "added" | "changed" | "removed";
  /** Lines; null where the two texts differ too much to be compared line by line. */
  readonly added: number | null;
  readonly removed: number | null;
  /** A unified diff of this file; null where it could not be made in time. */
  readonly patch: string | null;
}

type Files = ReadonlyMap<string, string>;

/** Edits in one file beyond which it is not compared line by line, and the time that may take in milliseconds. */
const LIMITS = { maxEditLength: 20_000, timeout: 3_000 };
const CONTEXT = 3;

/** The files that differ, by path. */
export function compareFiles(before: Files, after: Files): FileDifference[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    return old === now ? [] : [compareFile(path, old, now)];
  });
}

function compareFile(path: string, old: string | undefined, now: string | undefined): FileDifference {
  const change = old === undefined ? "added" : now === undefined ? "removed" : "changed";
  const found = structuredPatch(path, path, old ?? "", now ?? "", undefined, undefined, {
    context: CONTEXT,
    ...LIMITS,
  });
  if (!found) return { path, change, added: null, removed: null, patch: null };
  const lines = found.hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines,
  ]);
  const count = (mark: string) =>
    found.hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.startsWith(mark)).length, 0);
  const heads = [
    `--- ${old === undefined ? "/dev/null" : `a/${path}`}`,
    `+++ ${now === undefined ? "/dev/null" : `b/${path}`}`,
  ];
  return { path, change, added: count("+"), removed: count("-"), patch: [...heads, ...lines].join("\n") };
}

function range(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${start},${lines}`;
}
