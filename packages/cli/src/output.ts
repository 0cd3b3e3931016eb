import pc from "picocolors";
import type { Sink, Terminal } from "./terminal";

type Colours = ReturnType<typeof pc.createColors>;

/** A column of a table of `Row`s. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: "right";
  value(row: Row): string | number | boolean | null | undefined;
}

/** What a command gives out: data goes to stdout, everything else to stderr. */
export interface Output {
  readonly format: "text" | "json";
  /** Colours for stdout. */
  readonly colour: Colours;
  /** Colours for stderr. */
  readonly colourOfMessages: Colours;
  /** A list: a table, or the whole answer as a JSON array. */
  list<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void;
  /** One object: key and value lines (empty ones are left out), or the whole answer as JSON. */
  record(answer: unknown, fields: readonly (readonly [string, unknown])[]): void;
  /** Text in text mode, JSON in JSON mode. */
  data(answer: unknown, text: () => string): void;
  /** A line for the person, on stderr. */
  say(text: string): void;
  /** The same with a check mark. */
  success(text: string): void;
  warn(text: string): void;
}

/** Makes the output of a command. */
export function createOutput(terminal: Terminal, format: "text" | "json", colourAllowed: boolean): Output {
  const colour = coloursFor(terminal, terminal.stdout, colourAllowed);
  const colourOfMessages = coloursFor(terminal, terminal.stderr, colourAllowed);
  const json = (value: unknown) => terminal.stdout.write(`${JSON.stringify(value ?? null, null, 2)}\n`);
  const say = (text: string) => terminal.stderr.write(`${text}\n`);
  return {
    format,
    colour,
    colourOfMessages,
    list: (rows, columns) =>
      format === "json" ? json(rows) : terminal.stdout.write(`${formatTable(rows, columns, colour)}\n`),
    record: (answer, fields) =>
      format === "json" ? json(answer) : terminal.stdout.write(`${formatRecord(fields, colour)}\n`),
    data: (answer, text) => (format === "json" ? json(answer) : terminal.stdout.write(`${text()}\n`)),
    say,
    success: (text) => say(`${colourOfMessages.green("✓")} ${text}`),
    warn: (text) => say(`${colourOfMessages.yellow("!")} ${text}`),
  };
}

/** Colours only on a terminal, and never with --no-color, NO_COLOR or TERM=dumb. */
export function coloursFor(terminal: Terminal, sink: Sink, allowed: boolean): Colours {
  return pc.createColors(allowed && sink.isTTY && !terminal.env.NO_COLOR && terminal.env.TERM !== "dumb");
}

/** Rows under titles, aligned, without borders; "No results." when there are none. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  colour: Colours = pc.createColors(false),
): string {
  if (rows.length === 0) return "No results.";
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...cells.map((line) => width(line[index] ?? ""))),
  );
  const layOut = (line: readonly string[]) =>
    line
      .map((cell, index) => pad(cell, widths[index] ?? 0, columns[index]?.align))
      .join("  ")
      .trimEnd();
  return [colour.dim(layOut(columns.map(({ title }) => title))), ...cells.map(layOut)].join("\n");
}

/** Key and value lines; values that are null, empty text or empty lists are left out. */
export function formatRecord(
  fields: readonly (readonly [string, unknown])[],
  colour: Colours = pc.createColors(false),
): string {
  const shown = fields.filter(([, value]) => !isEmpty(value));
  const widest = Math.max(0, ...shown.map(([key]) => width(key)));
  return shown
    .map(([key, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : printable(String(value));
      const [first = "", ...rest] = text.split("\n");
      const label = colour.dim(pad(key, widest));
      return [`${label}  ${first}`, ...rest.map((line) => `${" ".repeat(widest)}  ${line}`)].join("\n");
    })
    .join("\n");
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

function oneLine(value: string | number | boolean | null | undefined): string {
  return value === null || value === undefined ? "" : printable(String(value)).replace(/\s*\n\s*/g, " ");
}

/** Text without the control characters that could drive a terminal; names and reasons come from other people. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** Columns a text takes in a terminal; wide characters count twice. */
export function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1;
  }
  return columns;
}

/** Text brought to a width of `columns` with blanks. */
export function pad(text: string, columns: number, align?: "right"): string {
  const gap = " ".repeat(Math.max(0, columns - width(text)));
  return align === "right" ? gap + text : text + gap;
}

/** Text cut to at most `columns`, with an ellipsis where something is missing. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let kept = "";
  for (const character of text) {
    if (width(kept + character) > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
