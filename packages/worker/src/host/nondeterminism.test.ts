import { expect, test } from "vitest";
import { readDifference } from "./nondeterminism";
import type { HistoryEvent } from "./read-history";

const events = [
  { eventId: 5, timerStartedEventAttributes: { timerId: "1" } },
  { eventId: 8, activityTaskScheduledEventAttributes: { activityType: { name: "book" } } },
  { eventId: 14, activityTaskScheduledEventAttributes: { activityType: { name: "book" } } },
  { eventId: 17, markerRecordedEventAttributes: { markerName: "core_local_activity" } },
] as unknown as HistoryEvent[];

const wrapped = (said: string) =>
  `Replay failed with a nondeterminism error. Details: Workflow activation completion failed: Failure { failure: Some(Failure { message: "[TMPRL1100] Nondeterminism error: ${said}", source: "", cause: None }), force_cause: NonDeterministicError }`;

test.each([
  [
    "Activity machine does not handle this event: HistoryEvent(id: 5, TimerStarted)",
    3,
    5,
    "The task's history has TimerStarted here; the new code starts an activity.",
  ],
  [
    "Complete workflow machine does not handle this event: HistoryEvent(id: 8, ActivityTaskScheduled)",
    3,
    8,
    "The task's history has ActivityTaskScheduled of book here; the new code comes to its end.",
  ],
  [
    "Nexus operation machine does not handle this event: HistoryEvent(id: 6, Unknown)",
    3,
    undefined,
    "The task's history has another event here; the new code does something else.",
  ],
  [
    "No command scheduled for event HistoryEvent(id: 5, TimerStarted)",
    3,
    5,
    "The task's history has TimerStarted here; the new code does nothing of the kind.",
  ],
  [
    "Activity type of scheduled event 'book' does not match activity type of activity command 'post'",
    11,
    14,
    "The task's history has ActivityTaskScheduled of book here; the new code has activity type post.",
  ],
  [
    "Missing associated machine for LocalActivity(1)",
    14,
    17,
    "The task's history has the result of a short activity here; the new code does not start that one at this place.",
  ],
  ["Something that Core says in words of its own", 8, 8, "Something that Core says in words of its own"],
])("says in plain words: %s", (said, lastEventId, eventId, message) => {
  const difference = readDifference(wrapped(said), events, lastEventId);
  expect(difference.message).toBe(message);
  expect(difference.event && Number(difference.event.eventId)).toBe(eventId);
});
