import { eventName, type HistoryEvent } from "./read-history";

/** How code and history differ, as people are told. */
export interface Difference {
  readonly message: string;
  /** The event at which they differ, where it is known. */
  readonly event: HistoryEvent | undefined;
  /** What the new code starts in its place, by name, where Core tells it. */
  readonly instead?: string | undefined;
}

/** Core's own words, in the message with which the SDK wraps them. */
const CORE_MESSAGE = /Nondeterminism error: (.*?)(?:\\"|",|$)/s;
const OTHER_COMMAND = /^([\w ]+?) machine does not handle this event: HistoryEvent\(id: (\d+)/;
const NO_COMMAND = /^No command scheduled for event HistoryEvent\(id: (\d+)/;
/** A local activity leaves no event but its result, a marker. */
const NO_SHORT = /^Missing associated machine for LocalActivity\(/;
const OTHER_NAME = /of scheduled event '(.*?)' does not match (.*?) of .*?command '(.*?)'/;

/** What a command of the new code does, by what Core calls the machine that stands for it. */
const DOES: Readonly<Record<string, string>> = {
  Activity: "starts an activity",
  Timer: "starts a timer",
  "Child workflow": "starts a child",
  "Complete workflow": "comes to its end",
  "Fail workflow": "fails the task",
  "Cancel workflow": "ends as cancelled",
  Update: "answers what it was told",
};

/**
 * Reads how Core says that code does not fit a history.
 * @param message as it was thrown
 * @param lastEventId of what the code knew; the history goes on after it
 */
export function readDifference(message: string, events: readonly HistoryEvent[], lastEventId: number): Difference {
  const said = CORE_MESSAGE.exec(message)?.[1]?.replaceAll("\\'", "'") ?? message;
  const byId = (id: string | undefined) => events.find(({ eventId }) => String(eventId) === id);
  const other = OTHER_COMMAND.exec(said);
  if (other) {
    const event = byId(other[2]);
    return {
      event,
      message: `The task's history has ${described(event)} here; the new code ${DOES[other[1] ?? ""] ?? "does something else"}.`,
    };
  }
  const none = NO_COMMAND.exec(said);
  if (none) {
    const event = byId(none[1]);
    return {
      event,
      message: `The task's history has ${described(event)} here; the new code does nothing of the kind.`,
    };
  }
  const name = OTHER_NAME.exec(said);
  if (name) {
    const event = events.find((each) => Number(each.eventId) > lastEventId && nameOf(each) === name[1]);
    const message = `The task's history has ${described(event)} here; the new code has ${name[2]} ${name[3]}.`;
    return { event, message, instead: name[3] };
  }
  if (NO_SHORT.test(said)) {
    const event = events.find((each) => Number(each.eventId) > lastEventId && each.markerRecordedEventAttributes);
    const message =
      "The task's history has the result of a short activity here; the new code does not start that one at this place.";
    return { event: event ?? byId(String(lastEventId)), message };
  }
  return { event: byId(String(lastEventId)), message: said };
}

function described(event: HistoryEvent | undefined): string {
  if (!event) return "another event";
  const name = nameOf(event);
  return `${eventName(event)}${name ? ` of ${name}` : ""}`;
}

/** What an event starts, by name. */
function nameOf(event: HistoryEvent): string | undefined {
  const named =
    event.activityTaskScheduledEventAttributes?.activityType ??
    event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType;
  return named?.name ?? undefined;
}
