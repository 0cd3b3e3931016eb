import { childWorkflowId, decideUpdate } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./checks";
import type { Facts } from "./facts";
import type { Attended } from "./run-seed";

const LOCK = { "leg-ts": { type: "leg-ts@1", queue: "ts" }, "leg-py": { type: "leg-py@1", queue: "py" } };
const DECISION = { type: "approved", amount: "7" } as const;
const TASK: Attended = {
  id: "t",
  action: {
    kind: "start",
    at: 0,
    relay: "relay-py",
    failures: 1,
    pause: 0,
    ask: false,
    decisions: [DECISION],
    thinking: 0,
  },
  marks: new Map(),
  given: [{ gate: "g", decision: DECISION, outcome: "accepted" }],
};

const effect = (name: string, amount: string, word: string) => ({
  task_id: "t",
  effect: name,
  key: `key of ${name}`,
  amount,
  called_by: word,
  revision: word,
});
const EFFECTS = [
  effect("open", "0", "relay"),
  effect("leg-ts", "7", "leg in TypeScript"),
  effect("leg-py", "7", "leg in Python"),
  effect("close", "7", "relay"),
];
const attempt = ({ task_id, effect, key, revision }: (typeof EFFECTS)[number]) => ({ task_id, effect, key, revision });
const leg = (word: string) => ({ revision: word, posted: word });
const ANSWER = {
  id: "a",
  task_id: "t",
  workflow_id: "t",
  gate: "g",
  outcome: "accepted",
  argument: decideUpdate({
    gate: "g",
    decision: "approved",
    reason: undefined,
    corrections: [{ row_id: "line", field: "amount", old_value: "1", new_value: "7" }],
    actor: { id: "k", name: "somebody", via: "person" },
    at: "2026-03-31T00:00:00.000Z",
  }),
};
const RESULT = {
  revision: "relay",
  opened: "relay",
  closed: "relay",
  amount: "7",
  legs: [leg("leg in TypeScript"), leg("leg in Python")],
};
const GOOD: Facts = {
  tasks: [{ id: "t", status: "COMPLETED", failure: null, type: "relay-py@1", lock: LOCK }],
  results: [{ task_id: "t", result: RESULT }],
  effects: EFFECTS,
  attempts: [...EFFECTS, ...EFFECTS].map(attempt),
  answers: [ANSWER, { ...ANSWER, id: "b", outcome: "refused" }],
  audited: [{ subject: "task:t", answer: "a" }],
  chain: { status: "intact", rows: 9 },
  pendingDeployments: 0,
  executions: new Map([
    ["t", { type: "relay-py@1", status: "COMPLETED", lock: LOCK }],
    [childWorkflowId("t", "legs", "leg-ts"), { type: "leg-ts@1", status: "COMPLETED", lock: LOCK }],
    [childWorkflowId("t", "legs", "leg-py"), { type: "leg-py@1", status: "COMPLETED", lock: LOCK }],
  ]),
};
const WORDS = new Map([
  ["relay-py@1", "relay"],
  ["leg-ts@1", "leg in TypeScript"],
  ["leg-py@1", "leg in Python"],
]);

const found = (changed: Partial<Facts>, task = TASK) =>
  problemsOf([task], { ...GOOD, ...changed }, (type) => WORDS.get(type)).join("\n");
const [OPEN, LEG, ...REST] = EFFECTS as [(typeof EFFECTS)[number], (typeof EFFECTS)[number]];

describe("what is looked at after a seed", () => {
  it("is well when all places agree", () => expect(found({})).toBe(""));

  it.each<[string, Partial<Facts>, string]>([
    ["a lost task", { tasks: [] }, "it is lost"],
    ["a task without its end", { tasks: GOOD.tasks.map((row) => ({ ...row, status: "BLOCKED" })) }, "its status"],
    ["another result", { results: [{ task_id: "t", result: { ...RESULT, amount: "8" } }] }, "its result"],
    [
      "a revision that was not current",
      { tasks: GOOD.tasks.map((row) => ({ ...row, type: "relay-py@0" })) },
      "which was",
    ],
    ["an effect too few", { effects: REST }, "its effects"],
    ["an effect done twice", { effects: [...EFFECTS, { ...OPEN, key: "other" }] }, "its effects"],
    ["an effect of other code", { effects: [{ ...OPEN, revision: "newer" }, LEG, ...REST] }, "its effects"],
    ["an attempt under another key", { attempts: [{ ...attempt(OPEN), key: "other" }] }, "had the key other"],
    ["an attempt by other code", { attempts: [{ ...attempt(OPEN), revision: "newer" }] }, "was of newer"],
    ["one key for two calls", { attempts: [attempt(OPEN), { ...attempt(LEG), key: OPEN.key }] }, "is that of"],
    ["a row of no task", { attempts: [{ ...attempt(OPEN), task_id: "other" }] }, "rows of no task"],
    ["a decision that was applied twice", { answers: [ANSWER, { ...ANSWER, id: "c" }] }, "answered 2 times"],
    ["a decision that is not settled", { answers: [ANSWER, { ...ANSWER, outcome: null }] }, "not settled"],
    ["a decision that the chain lacks", { audited: [] }, "in the audit chain"],
    ["a decision twice in the chain", { audited: [...GOOD.audited, ...GOOD.audited] }, "in the audit chain"],
    ["a broken chain", { chain: { status: "broken", seq: "3", reason: "the row was changed" } }, "chain is broken"],
    ["an open deployment", { pendingDeployments: 1 }, "deployments have not ended"],
    ["an execution that goes on", { executions: new Map() }, "its execution's end"],
  ])("shows %s", (_, changed, told) => expect(found(changed)).toContain(told));

  it.each([
    ["refused", DECISION],
    ["accepted", { type: "rejected", reason: "no" }],
  ] as const)("shows a decision of which somebody was told wrongly that it was %s", (outcome, decision) => {
    expect(found({}, { ...TASK, given: [{ gate: "g", decision, outcome }] })).toContain("was told");
  });
});
