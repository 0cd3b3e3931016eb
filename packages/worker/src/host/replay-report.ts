import type { CodeFrame, ReplayReport } from "@ntro/contract";
import { messageOf } from "./code-health";
import { mapStack, type ReplayOutcome, type Revision } from "./mux";
import { readDifference } from "./nondeterminism";
import { eventName, type History, type HistoryEvent } from "./read-history";

type Unfit = Extract<ReplayOutcome, { status: "unfit" }>;

/** A frame of the author's, as {@link mapStack} writes it. */
const AUTHOR_FRAME = /^\s+at (?:.*\()?([^\s()]+):(\d+):\d+\)?$/;

/** Gives the text of a line of the author's files; null where it is not to be had. */
type SourceOf = (path: string, line: number) => string | null;

/** What to tell of a history that does not fit a revision: where in the history, and where in the author's files. */
export function unfitReport(
  { failure, lastEventId, stacks }: Unfit,
  history: History,
  { sourceMap }: Pick<Revision, "sourceMap">,
  sourceOf: SourceOf,
): ReplayReport {
  const events = history.events ?? [];
  const about = { status: "unfit" as const, message: messageOf(failure) };
  if (failure.kind !== "nondeterminism") {
    const stack = mapStack(failure.stackTrace ?? "", sourceMap);
    const event = events.find(({ eventId }) => Number(eventId) === lastEventId);
    return { ...about, ...place(event), frame: framesOf(stack, sourceOf)[0] ?? null, stackTrace: stack || null };
  }
  // Of a difference the stack is the SDK's own; where the code stood is known from what it waits for.
  const { message, event, instead } = readDifference(failure.message, events, lastEventId);
  const standing = innermost(
    stacks.map((stack) => framesOf(mapStack(stack, sourceMap), sourceOf)),
    instead,
  );
  const stackTrace = standing.map(({ path, line }) => `    at ${path}:${line}`).join("\n") || null;
  return { ...about, message, ...place(event), frame: standing[0] ?? null, stackTrace };
}

function place(event: HistoryEvent | undefined) {
  return { eventId: event ? Number(event.eventId) : null, eventType: event ? eventName(event) : null };
}

/**
 * Of several stacks the one of the place where code went on another way: none that another one was called from, and of those the one whose line names what was
 * started, else the last.
 */
function innermost(stacks: readonly (readonly CodeFrame[])[], started: string | undefined): readonly CodeFrame[] {
  const text = ({ path, line }: CodeFrame) => `${path}:${line}`;
  const callers = new Set(stacks.flatMap((frames) => frames.slice(1).map(text)));
  const inner = stacks.filter(([frame]) => frame && !callers.has(text(frame)));
  const naming = inner.filter(([frame]) => started !== undefined && frame?.source?.includes(started));
  return naming.at(-1) ?? inner.at(-1) ?? [];
}

/** The author's frames of a mapped stack, innermost first. */
function framesOf(stack: string, sourceOf: SourceOf): CodeFrame[] {
  return stack.split("\n").flatMap((text) => {
    const [, path, line] = AUTHOR_FRAME.exec(text) ?? [];
    if (!path?.includes("/") || path.startsWith("node:") || !line) return [];
    return [{ path, line: Number(line), source: sourceOf(path, Number(line)) }];
  });
}
