import type { CodeFrame, ReplayReport } from "@ntro/contract";
import { messageOf } from "./code-health";
import { mapStack, type ReplayOutcome, type Revision } from "./mux";
import { readDifference } from "./nondeterminism";
import { eventName, type History } from "./read-history";

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
  const differs = failure.kind === "nondeterminism";
  const { message, event } = differs
    ? readDifference(failure.message, events, lastEventId)
    : { message: messageOf(failure), event: events.find(({ eventId }) => Number(eventId) === lastEventId) };
  // Of a difference the stack is the SDK's own; where the code stood is known from what it waits for.
  const mapped = (differs ? stacks : [failure.stackTrace ?? ""]).map((stack) => mapStack(stack, sourceMap));
  return {
    status: "unfit",
    message,
    eventId: event ? Number(event.eventId) : null,
    eventType: event ? eventName(event) : null,
    frame: mapped.flatMap((stack) => frameOf(stack, sourceOf) ?? []).at(-1) ?? null,
    stackTrace: mapped.at(-1) || null,
  };
}

/** The innermost frame of the author's. */
function frameOf(stack: string, sourceOf: SourceOf): CodeFrame | undefined {
  for (const text of stack.split("\n")) {
    const [, path, line] = AUTHOR_FRAME.exec(text) ?? [];
    if (path?.includes("/") && !path.startsWith("node:") && line)
      return { path, line: Number(line), source: sourceOf(path, Number(line)) };
  }
  return undefined;
}
