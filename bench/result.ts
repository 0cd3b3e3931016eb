/** One line of the report. Times in milliseconds, memory in MiB, throughput in runs a second. */
export interface Row {
  readonly what: string;
  readonly measured: number;
  readonly unit: "ms" | "s" | "runs/s" | "MiB";
  /** What it is compared with, in the same unit. */
  readonly against?: { readonly what: string; readonly measured: number };
  /** What the ratio, or the measured value where nothing is compared, should be. */
  readonly aim?: { readonly kind: "at most" | "at least"; readonly value: number };
}

/** What one part of the bench found. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  /** Where the time goes, and what the numbers do not say by themselves. */
  readonly notes: readonly string[];
}

export type Verdict = "met" | "missed" | "";

/** Measured by what it is compared with; undefined when nothing is. */
export function ratioOf({ measured, against }: Row): number | undefined {
  return against === undefined ? undefined : measured / against.measured;
}

export function verdictOf(row: Row): Verdict {
  if (row.aim === undefined) return "";
  const value = ratioOf(row) ?? row.measured;
  return (row.aim.kind === "at most" ? value <= row.aim.value : value >= row.aim.value) ? "met" : "missed";
}

/** A section as lines of text, columns aligned. */
export function renderSection({ title, rows, notes }: Section): string {
  const lines = rows.map((row) => {
    const ratio = ratioOf(row);
    return [
      row.what,
      amount(row.measured, row.unit),
      row.against === undefined ? "" : `${amount(row.against.measured, row.unit)} ${row.against.what}`,
      ratio === undefined ? "" : `${ratio.toFixed(2)} x`,
      row.aim === undefined ? "" : aimText(row),
      verdictOf(row),
    ];
  });
  const table = align([["", "measured", "compared with", "ratio", "aim", ""], ...lines]);
  return [title, ...table.map((line) => `  ${line}`), ...notes.map((note) => `  · ${note}`)].join("\n");
}

function aimText(row: Row): string {
  const { kind, value } = row.aim ?? { kind: "at most", value: 0 };
  return `${kind === "at most" ? "<=" : ">="} ${row.against === undefined ? `${value} ${row.unit}` : `${value} x`}`;
}

function amount(value: number, unit: string): string {
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ${unit}`;
}

function align(cells: readonly (readonly string[])[]): string[] {
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** The last lines of a run: every aim with its verdict in one line each, then the count. */
export function summary(sections: readonly Section[]): string {
  const judged = sections.flatMap(({ rows }) => rows).filter((row) => row.aim !== undefined);
  const missed = judged.filter((row) => verdictOf(row) === "missed");
  const line = (row: Row) => {
    const ratio = ratioOf(row);
    const value = ratio === undefined ? amount(row.measured, row.unit) : `${ratio.toFixed(2)} x`;
    return `${verdictOf(row) === "met" ? "✓" : "✗"} ${row.what}: ${value} (aim ${aimText(row)})`;
  };
  const count = `${judged.length - missed.length} of ${judged.length} aims met`;
  return [...judged.map(line), missed.length === 0 ? `${count}.` : `${count}, ${missed.length} missed.`].join("\n");
}
