import type { Preview, StartParam, WorkflowMove } from "@ntro/contract";
import { readyLast, type VersionContent } from "./ready-last";

/** A revision of the runbook, as far as who runs it goes. */
export interface ForeseenRevision extends VersionContent {
  readonly id: string;
  readonly digest: string;
  readonly current: boolean;
}

/** A workflow of the runbook before and after what is planned; `pin` null follows the current version. */
export interface ForeseenWorkflow {
  readonly id: string | null;
  readonly name: string | null;
  readonly entity: string;
  /** Undefined: it is not there yet. */
  readonly pinBefore: string | null | undefined;
  readonly pinAfter: string | null;
}

/** The revisions as they would stand once `candidate` was made ready, and current where it moves. */
export function afterDeploy<R extends ForeseenRevision>(
  revisions: readonly R[],
  candidate: { readonly id: string; readonly moves: boolean; readonly at: Date },
): R[] {
  return revisions.map((revision) => ({
    ...revision,
    readyAt: revision.id === candidate.id ? candidate.at : revision.readyAt,
    current: candidate.moves ? revision.id === candidate.id : revision.current,
  }));
}

/** The revision that a workflow's next task runs; undefined where there is none that is ready. */
export function served<R extends ForeseenRevision>(revisions: readonly R[], pin: string | null): R | undefined {
  return pin === null
    ? revisions.find(({ current, readyAt }) => current && readyAt !== null)
    : readyLast(revisions, pin);
}

/** Which workflows would run other code from their next task on, and which stay. */
export function moves(
  workflows: readonly ForeseenWorkflow[],
  before: readonly ForeseenRevision[],
  after: readonly ForeseenRevision[],
): Pick<Preview, "follow" | "stay"> {
  const all = workflows.map(({ id, name, entity, pinBefore, pinAfter }): WorkflowMove => {
    const from = pinBefore === undefined ? undefined : served(before, pinBefore);
    return { id, name, entity, pin: pinAfter, before: refOf(from), after: refOf(served(after, pinAfter)) };
  });
  const changes = (move: WorkflowMove) => move.before?.digest !== move.after?.digest;
  return { follow: all.filter(changes), stay: all.filter((move) => !changes(move)) };
}

/** How a revision is named in answers; null where there is none. */
export function refOf(revision: { readonly version: string; readonly digest: string } | undefined) {
  return revision ? { version: revision.version, digest: revision.digest } : null;
}

type Files = ReadonlyMap<string, string>;

/** The files that differ, by path. */
export function changedFiles(before: Files, after: Files): Preview["files"] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
    if (before.get(path) === after.get(path)) return [];
    return [{ path, change: changeOf(before.has(path), after.has(path)) }];
  });
}

type Step = NonNullable<Preview["steps"][number]["before"]>;

/** The steps that differ: a step that is only told from another place of the ladder has moved. */
export function changedSteps(before: readonly Step[], after: readonly Step[]): Preview["steps"] {
  const common = (steps: readonly Step[], others: readonly Step[]) =>
    steps.filter(({ id }) => others.some((other) => other.id === id)).map(({ id }) => id);
  const [order, newOrder] = [common(before, after), common(after, before)];
  const removed = before.filter(({ id }) => !newOrder.includes(id));
  return [
    ...after.flatMap((step): Preview["steps"] => {
      const old = before.find(({ id }) => id === step.id);
      if (!old) return [{ id: step.id, change: "added", before: null, after: step }];
      if (old.title !== step.title) return [{ id: step.id, change: "changed", before: old, after: step }];
      if (order.indexOf(step.id) === newOrder.indexOf(step.id)) return [];
      return [{ id: step.id, change: "moved", before: old, after: step }];
    }),
    ...removed.map((step): Preview["steps"][number] => ({
      id: step.id,
      change: "removed",
      before: step,
      after: null,
    })),
  ];
}

/** The start parameters that differ, those of the new version in its order, removed ones last. */
export function changedParams(before: readonly StartParam[], after: readonly StartParam[]): Preview["startParams"] {
  const keys = [...new Set([...after, ...before].map(({ key }) => key))];
  return keys.flatMap((key) => {
    const old = before.find((param) => param.key === key) ?? null;
    const now = after.find((param) => param.key === key) ?? null;
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    const newlyRequired = now?.required === true && old?.required !== true;
    return [{ key, change: changeOf(old !== null, now !== null), newlyRequired, before: old, after: now }];
  });
}

function changeOf(before: boolean, after: boolean): "added" | "changed" | "removed" {
  if (!before) return "added";
  return after ? "changed" : "removed";
}
