import * as z from "zod";

const SourceMap = z.looseObject({ sources: z.array(z.string()), mappings: z.string() });

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** Where a stretch of generated code comes from. */
interface Origin {
  readonly source: number;
  readonly line: number;
  readonly column: number;
}

/**
 * A source map without what it says of other people's code. The SDK and zod are most of a bundle's map, and a loaded module keeps its map in memory, so
 * that a revision would cost twice of what it has to. Code that is left out has no original place any more.
 * @param text of a source map, version 3; names are dropped too
 * @param isOwn whether a source, as the map spells it, is to be kept
 */
export function ownMappings(text: string, isOwn: (source: string) => boolean): string {
  const { sources, mappings, ...rest } = SourceMap.parse(JSON.parse(text));
  const kept = sources.filter(isOwn);
  const indexes = new Map(sources.map((source, index) => [index, kept.indexOf(source)]));
  const writer = new MappingsWriter();
  let from: Origin = { source: 0, line: 0, column: 0 };
  for (const line of mappings.split(";")) {
    let generated = 0;
    for (const segment of line === "" ? [] : line.split(",")) {
      const [column = 0, source, originalLine = 0, originalColumn = 0] = decode(segment);
      generated += column;
      if (source === undefined) {
        writer.unmapped(generated);
        continue;
      }
      from = { source: from.source + source, line: from.line + originalLine, column: from.column + originalColumn };
      const index = indexes.get(from.source) ?? -1;
      if (index < 0) writer.unmapped(generated);
      else writer.mapped(generated, { ...from, source: index });
    }
    writer.endLine();
  }
  return JSON.stringify({ ...rest, sources: kept, names: [], mappings: writer.text() });
}

/** Writes segments, each as its difference to the one before. */
class MappingsWriter {
  readonly #lines: string[] = [];
  #segments: string[] = [];
  #column = 0;
  #origin: Origin = { source: 0, line: 0, column: 0 };
  #isMapped = false;

  mapped(column: number, origin: Origin): void {
    const { source, line, column: originalColumn } = this.#origin;
    this.#add(column, [origin.source - source, origin.line - line, origin.column - originalColumn]);
    this.#origin = origin;
    this.#isMapped = true;
  }

  /** One such segment ends the one before it; more say nothing new. */
  unmapped(column: number): void {
    if (this.#isMapped) this.#add(column, []);
    this.#isMapped = false;
  }

  endLine(): void {
    this.#lines.push(this.#segments.join(","));
    this.#segments = [];
    this.#column = 0;
    this.#isMapped = false;
  }

  text(): string {
    return this.#lines.join(";");
  }

  #add(column: number, rest: readonly number[]): void {
    this.#segments.push([column - this.#column, ...rest].map(encode).join(""));
    this.#column = column;
  }
}

/** The numbers of a segment: base 64, five bits a digit from the lowest, the sixth says that more follow; the sign is the lowest bit. */
function decode(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = VALUES.get(digit) ?? 0;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return numbers;
}

function encode(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const bits = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? bits | 32 : bits];
  } while (rest > 0);
  return text;
}
