import { isDeepStrictEqual } from "node:util";
import { childWorkflowId } from "@ntro/contract";
import { LEGS } from "./bundles";
import type { Facts } from "./facts";
import type { Attended } from "./run-seed";
import type { Decision } from "./schedule";

/** What the code of a workflow type says that it is; undefined for one that was not to be run by a task started at these marks. */
export type WordOf = (type: string, marks: ReadonlyMap<string, number>) => string | undefined;

/**
 * What is not as it has to be after a seed: tasks that were lost or ended otherwise, effects without or beyond their key, decisions not applied once,
 * code that is not the locked one, places that contradict each other. Empty when all is well.
 */
export function problemsOf(tasks: readonly Attended[], facts: Facts, wordOf: WordOf): string[] {
  const whole: string[] = [];
  if (facts.chain.status !== "intact") whole.push(`the audit chain is broken: ${JSON.stringify(facts.chain)}`);
  if (facts.pendingDeployments > 0) whole.push(`${facts.pendingDeployments} deployments have not ended`);
  const known = new Set(facts.tasks.map(({ id }) => id));
  const strange = [...facts.effects, ...facts.attempts].filter((row) => !known.has(row.task_id));
  if (strange.length > 0) whole.push(`the ledger has rows of no task: ${JSON.stringify(strange)}`);
  const keys = new Map<string, string>();
  for (const { key, task_id, effect } of facts.attempts) {
    const call = `${effect} of ${task_id}`;
    if ((keys.get(key) ?? call) !== call) whole.push(`the key ${key} is that of ${keys.get(key)} and of ${call}`);
    keys.set(key, call);
  }
  return [
    ...whole,
    ...tasks.flatMap((task) => problemsOfTask(task, facts, wordOf).map((told) => `${task.id}: ${told}`)),
  ];
}

function problemsOfTask(task: Attended, facts: Facts, wordOf: WordOf): string[] {
  const row = facts.tasks.find(({ id }) => id === task.id);
  if (!row?.lock) return ["it is lost, or has no lock"];
  const words = new Map<string, string>();
  for (const type of [row.type, ...LEGS.map((leg) => row.lock?.[leg]?.type ?? "")]) {
    const word = wordOf(type, task.marks);
    if (word === undefined) return [`it runs ${type}, which was not current when it was started`];
    words.set(type, word);
  }
  const decided = answersOf(task, facts);
  if (decided.decision === undefined) return decided.problems;
  const expected = expectedOf(task, row.type, row.lock, words, decided.decision);
  return [
    ...decided.problems,
    ...differs("its status", row.status, decided.decision.type === "approved" ? "COMPLETED" : "FAILED"),
    ...differs("its failure", row.failure?.type, decided.decision.type === "approved" ? undefined : "Rejected"),
    ...differs("its result", facts.results.find(({ task_id }) => task_id === task.id)?.result, expected.result),
    ...problemsOfLedger(task, facts, expected.effects),
    ...problemsOfExecutions(task, facts, row.type, row.lock, decided.decision),
  ];
}

type Row = Facts["tasks"][number];
type Expected = Pick<Facts["effects"][number], "effect" | "amount" | "called_by" | "revision">;

/** Result and ledger of a task that ran on its locked revisions and was decided once. */
function expectedOf(
  { action }: Attended,
  type: string,
  lock: NonNullable<Row["lock"]>,
  words: ReadonlyMap<string, string>,
  decision: Decision,
): { readonly result: unknown; readonly effects: readonly Expected[] } {
  const own = words.get(type) ?? "";
  const by = (effect: string, amount: string, word = own) => ({ effect, amount, called_by: word, revision: word });
  const opened = action.relay === "relay-ts" ? [by("short", "0"), by("open", "0")] : [by("open", "0")];
  if (decision.type === "rejected") return { result: null, effects: [...opened, by("rejected", "0")] };
  const { amount } = decision;
  const legs = LEGS.map((leg) => ({ leg, word: words.get(lock[leg]?.type ?? "") ?? "" }));
  return {
    result: {
      revision: own,
      opened: own,
      closed: own,
      amount,
      legs: legs.map(({ word }) => ({ revision: word, posted: word })),
    },
    effects: [...opened, ...legs.map(({ leg, word }) => by(leg, amount, word)), by("close", amount)],
  };
}

/** Which decision counted at the task's own gate; and whether every answer that was accepted was so once, is in the chain once, and nobody was told otherwise. */
function answersOf(task: Attended, { answers, audited }: Facts): { decision?: Decision; problems: string[] } {
  const own = answers.filter(({ task_id }) => task_id === task.id);
  const accepted = own.filter(({ outcome }) => outcome === "accepted");
  const inChain = audited.filter(({ subject }) => subject === `task:${task.id}`).map(({ answer }) => answer);
  const problems = [
    ...differs("answers that are not settled", own.filter(({ outcome }) => outcome === null).length, 0),
    ...differs("its answers in the audit chain", inChain.sort(), accepted.map(({ id }) => id).sort()),
    ...differs("gates with an answer", new Set(accepted.map(({ gate }) => gate)).size, accepted.length),
  ];
  const atOwnGate = accepted.filter(({ workflow_id }) => workflow_id === task.id);
  const [{ argument, gate } = {}] = atOwnGate;
  if (!argument || atOwnGate.length > 1) return { problems: [`its gate was answered ${atOwnGate.length} times`] };
  const decision = decisionOf(argument);
  const asked = decision.type === "approved" && task.action.ask ? 1 + LEGS.length : 1;
  problems.push(...differs("accepted answers", accepted.length, asked));
  for (const given of task.given.filter((one) => one.gate === gate)) {
    const counted = isDeepStrictEqual(given.decision, decision);
    if (given.outcome === (counted ? "refused" : "accepted"))
      problems.push(`${JSON.stringify(given)} was told, while ${JSON.stringify(decision)} counted`);
  }
  return { decision, problems };
}

function decisionOf({ type, reason, corrections }: Facts["answers"][number]["argument"]): Decision {
  return type === "rejected"
    ? { type, reason: reason ?? "" }
    : { type, amount: String(corrections[0]?.new_value ?? "1") };
}

/** Each effect once, under the one key that all its attempts had, by the code that was locked. */
function problemsOfLedger(task: Attended, { effects, attempts }: Facts, expected: readonly Expected[]): string[] {
  const done = effects.filter(({ task_id }) => task_id === task.id);
  const byName = (a: Expected, b: Expected) => (a.effect < b.effect ? -1 : 1);
  const seen = done
    .map(({ effect, amount, called_by, revision }) => ({ effect, amount, called_by, revision }))
    .sort(byName);
  const problems = differs("its effects", seen, [...expected].sort(byName));
  for (const { effect, key, revision } of attempts.filter(({ task_id }) => task_id === task.id)) {
    const under = done.find((row) => row.effect === effect);
    if (under?.key !== key) problems.push(`an attempt of ${effect} had the key ${key}, its effect ${under?.key}`);
    if (under?.revision !== revision) problems.push(`an attempt of ${effect} was of ${revision}`);
  }
  return problems;
}

function problemsOfExecutions(
  task: Attended,
  { executions }: Facts,
  type: string,
  lock: NonNullable<Row["lock"]>,
  decision: Decision,
): string[] {
  const own = executions.get(task.id);
  const children = LEGS.map((leg) => ({ leg, child: executions.get(childWorkflowId(task.id, "legs", leg)) }));
  return [
    ...differs("its execution's type", own?.type, type),
    ...differs("its execution's lock", own?.lock, lock),
    ...differs("its execution's end", own?.status, decision.type === "approved" ? "COMPLETED" : "FAILED"),
    ...children.flatMap(({ leg, child }) =>
      decision.type === "approved"
        ? [
            ...differs(`the type of ${leg}`, child?.type, lock[leg]?.type),
            ...differs(`the end of ${leg}`, child?.status, "COMPLETED"),
          ]
        : differs(`a child ${leg}`, child, undefined),
    ),
  ];
}

function differs(what: string, found: unknown, expected: unknown): string[] {
  return isDeepStrictEqual(found, expected)
    ? []
    : [`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}
