import { expect, test } from "vitest";
import type { History } from "./read-history";
import { unfitReport } from "./replay-report";

const history = {
  events: [
    { eventId: 3, workflowTaskStartedEventAttributes: {} },
    { eventId: 5, activityTaskScheduledEventAttributes: { activityType: { name: "collect" } } },
  ],
} as unknown as History;

const LINES = ["", "run: async () => {", "await act.collectAll({})", "await act.other({})", "})"];
const sourceOf = (_: string, line: number) => LINES[line] ?? null;
const OTHER_TYPE = `Details: Nondeterminism error: Activity type of scheduled event 'collect' does not match activity type of activity command 'collectAll'", source`;

const unfit = (failure: object, stacks: readonly string[]) =>
  unfitReport(
    { status: "unfit", failure: { kind: "nondeterminism", message: OTHER_TYPE, ...failure }, lastEventId: 3, stacks },
    history,
    {},
    sourceOf,
  );

const at = (...lines: number[]) => lines.map((line) => `    at run (templates/workflow.ts:${line}:5)`).join("\n");

test("says where the new code stood: the innermost place, not those it was called from", () => {
  expect(unfit({}, [at(2, 1), at(1), "    at execute (ntro-prelude-000000000000/x.js:1:1)"])).toEqual({
    status: "unfit",
    message: "The task's history has ActivityTaskScheduled of collect here; the new code has activity type collectAll.",
    eventId: 5,
    eventType: "ActivityTaskScheduled",
    frame: { path: "templates/workflow.ts", line: 2, source: "await act.collectAll({})" },
    stackTrace: "    at templates/workflow.ts:2\n    at templates/workflow.ts:1",
  });
});

test("of several branches it is the one that names what was started", () => {
  expect(unfit({}, [at(2, 1), at(3, 1)])).toMatchObject({ frame: { line: 2 } });
});

test("has no place where the code waits for nothing", () => {
  expect(unfit({}, [])).toMatchObject({ frame: null, stackTrace: null, eventId: 5 });
});

test("of code that throws it is the place of the throw, and the last event it knew", () => {
  const failure = {
    kind: "code",
    message: "x is undefined",
    type: "TypeError",
    stackTrace: `TypeError: x\n${at(3, 1)}`,
  };
  expect(unfit(failure, [at(2)])).toMatchObject({
    message: "TypeError: x is undefined",
    eventId: 3,
    eventType: "WorkflowTaskStarted",
    frame: { path: "templates/workflow.ts", line: 3, source: "await act.other({})" },
  });
});
