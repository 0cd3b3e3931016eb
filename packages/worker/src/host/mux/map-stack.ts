import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** A location in a revision's module text, as V8 prints it. */
const MODULE_LOCATION = /[^\s()]+\/workflow\.js:(\d+):(\d+)/;
/** Frames of the platform, which tell an author nothing. */
const PLATFORM_FRAME = /^\s+at .*(?:ntro-prelude-[0-9a-f]+\/|node:internal|node:vm)/;

/**
 * Rewrites the frames of a workflow's stack trace to the author's files and lines, and leaves out those of the platform.
 *
 * @param stack as reported by the multiplexer or found in a Temporal failure
 * @param sourceMap the revision's source map (JSON); without it frames keep their place in the bundled module
 * @returns the stack, with frames such as `at run (templates/workflow.ts:12:5)`
 */
export function mapStack(stack: string, sourceMap?: string): string {
  const map = sourceMap === undefined ? undefined : new TraceMap(sourceMap);
  return stack
    .split("\n")
    .filter((line) => !PLATFORM_FRAME.test(line))
    .map((line) => (map === undefined ? line : mapLine(line, map)))
    .join("\n");
}

function mapLine(line: string, map: TraceMap): string {
  return line.replace(MODULE_LOCATION, (location, lineNumber: string, column: string) => {
    // V8 counts columns from 1, source maps from 0.
    const found = originalPositionFor(map, { line: Number(lineNumber), column: Number(column) - 1 });
    if (found.source === null) return location;
    return `${found.source.replace(/^(?:\.{1,2}\/)+/, "")}:${found.line}:${found.column + 1}`;
  });
}
