import type { Fault } from "@ntro/contract";
import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import { lineOf } from "./fault";

/** The parsed frontmatter of one file. */
export interface Frontmatter {
  /** Plain values, as YAML 1.2 reads them. */
  data: Record<string, unknown>;
  /** The markdown after it. */
  body: string;
  /** Line (from 1) and column of a field in the file; a field that is absent gives the place of its nearest parent. */
  place(path: readonly PropertyKey[]): { line: number; column: number };
}

/** Either the frontmatter, or what is wrong with it. */
export type FrontmatterResult = { status: "ok"; frontmatter: Frontmatter } | { status: "faulty"; faults: Fault[] };

const FENCE = /^---[ \t]*$/;

/**
 * Reads the YAML between the first two `---` lines of `text`.
 * @param path the file's path, for faults
 */
export function parseFrontmatter(path: string, text: string): FrontmatterResult {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (!FENCE.test(lines[0] ?? "")) return faulty(missing(path, "The file does not start with a `---` line."));
  const end = lines.findIndex((line, index) => index > 0 && FENCE.test(line));
  if (end === -1)
    return faulty(missing(path, "The frontmatter opened on line 1 is never closed by a second `---` line."));

  const yaml = lines.slice(1, end).join("\n");
  const counter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  // The opening fence is line 1 of the file, so that YAML line n is line n + 1.
  const placeAt = (offset: number) => {
    const { line, col } = counter.linePos(Math.min(offset, yaml.length));
    return { line: line + 1, column: col };
  };
  const parseError = (message: string, offset: number): Fault => {
    const place = placeAt(offset);
    return { code: "FRONTMATTER_PARSE_ERROR", message, path, ...place, source: lineOf(text, place.line) };
  };
  if (document.errors.length > 0)
    return faulty(...document.errors.map((error) => parseError(error.message, error.pos[0])));
  if (!isMap(document.contents)) return faulty(notMapping(path));

  try {
    const data: unknown = document.toJS();
    if (!isRecord(data)) return faulty(notMapping(path));
    const body = lines
      .slice(end + 1)
      .join("\n")
      .trim();
    return { status: "ok", frontmatter: { data, body, place: (field) => placeAt(offsetOf(document, field)) } };
  } catch (error) {
    // toJS refuses aliases without an anchor, and aliases that would multiply without bound.
    return faulty(parseError(error instanceof Error ? error.message : String(error), 0));
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function offsetOf(document: Document, field: readonly PropertyKey[]): number {
  for (let length = field.length; length > 0; length -= 1) {
    const parent = document.getIn(field.slice(0, length - 1), true);
    const last = field[length - 1];
    // The key says where to look better than the value, which may be empty or on a later line.
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => isNode(key) && String(key) === String(last));
      if (pair && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(field.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function faulty(...faults: Fault[]): FrontmatterResult {
  return { status: "faulty", faults };
}

function missing(path: string, message: string): Fault {
  const hint = "Start the file with `---`, then slug, name and version, one on each line, then `---`.";
  return { code: "FRONTMATTER_MISSING", message, path, line: 1, hint };
}

function notMapping(path: string): Fault {
  return {
    code: "FRONTMATTER_NOT_MAPPING",
    message: "The frontmatter is not a mapping of fields to values.",
    path,
    line: 2,
    hint: "Write one `field: value` on each line.",
  };
}
