import leven from "leven";

/** The candidates most like a mistyped name, nearest first; none when nothing is near. */
export function nearest(typed: string, candidates: readonly string[], limit = 3): string[] {
  const lower = typed.toLowerCase();
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: distance(lower, candidate.toLowerCase()) }))
    .filter(
      ({ candidate, distance: far }) => far <= Math.max(2, Math.floor(Math.max(typed.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** A name that begins as the other does (`nav` for `nav-monthly`) counts as near. */
function distance(a: string, b: string): number {
  const apart = leven(a, b);
  return a.length >= 3 && b.startsWith(a) ? Math.min(apart, 1) : apart;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} or ${names[names.length - 1]}`;
}
