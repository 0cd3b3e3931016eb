import type { ReplayReport } from "@ntro/contract";
import { type ActivationFailure, mapStack, type Revision } from "./mux";
import { eventName, type History } from "./read-history";

/** A frame of the author's, as {@link mapStack} writes it. */
const AUTHOR_FRAME = /^\s+at .*?\(?([^\s()]+):(\d+):\d+\)?$/m;
/** How Core names the event it stumbled over. */
const EVENT_ID = /HistoryEvent\(id: (\d+)/;

/** What to tell of a history that does not fit a revision: where in the history, and where in the author's files. */
export function unfitReport(
  failure: ActivationFailure,
  history: History,
  { sourceMap }: Pick<Revision, "sourceMap">,
): ReplayReport {
  const stackTrace = failure.stackTrace === undefined ? null : mapStack(failure.stackTrace, sourceMap);
  const eventId = Number(EVENT_ID.exec(failure.message)?.[1]) || null;
  const event = history.events?.find((candidate) => Number(candidate.eventId) === eventId);
  const [, path, line] = AUTHOR_FRAME.exec(stackTrace ?? "") ?? [];
  return {
    status: "unfit",
    message: failure.message,
    eventId,
    eventType: event ? eventName(event) : null,
    frame: path && line ? { path, line: Number(line), source: null } : null,
    stackTrace,
  };
}
