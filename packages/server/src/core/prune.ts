import type { KeepReason } from "@ntro/contract";
import { readyLast, type VersionContent } from "./ready-last";

/** A revision of one runbook that may be pruned. */
export interface PrunableRevision extends VersionContent {
  readonly id: string;
  readonly createdAt: Date;
}

/** What uses a runbook's revisions in a tenant, as far as it is known by revision. */
export interface Uses {
  /** Revision id → why it is in use. */
  readonly byRevision: ReadonlyMap<string, readonly KeepReason[]>;
  /** The pins of live workflows: which version, and the workflow in words. */
  readonly pins: readonly { readonly version: string; readonly workflow: string }[];
  /** An open task that was started before locks were kept: its children may be anything that was ever ready. */
  readonly taskWithoutLock: string | null;
}

export interface PrunePlan<R> {
  readonly remove: readonly R[];
  readonly keep: readonly { readonly revision: R; readonly reasons: readonly KeepReason[] }[];
}

/**
 * What to remove of a runbook's revisions, and why the others stay: used, or among the `newest` that were uploaded. A pin uses the content that its version
 * means; other contents of that version are free.
 */
export function planPrune<R extends PrunableRevision>(
  revisions: readonly R[],
  uses: Uses,
  newest: number,
): PrunePlan<R> {
  const newestFirst = [...revisions].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  const pinned = pinReasons(revisions, uses);
  const reasonsFor = (revision: R, age: number): KeepReason[] => [
    ...(uses.byRevision.get(revision.id) ?? []),
    ...(pinned.get(revision.id) ?? []),
    ...(uses.taskWithoutLock !== null && revision.readyAt !== null ? [withoutLock(uses.taskWithoutLock)] : []),
    ...(age < newest ? [newestReason(newest)] : []),
  ];
  const judged = newestFirst.map((revision, age) => ({ revision, reasons: reasonsFor(revision, age) }));
  return {
    remove: judged.filter(({ reasons }) => reasons.length === 0).map(({ revision }) => revision),
    keep: judged.filter(({ reasons }) => reasons.length > 0),
  };
}

function pinReasons<R extends PrunableRevision>(revisions: readonly R[], { pins }: Uses): Map<string, KeepReason[]> {
  const reasons = new Map<string, KeepReason[]>();
  for (const { version, workflow } of pins) {
    const meant = readyLast(revisions, version);
    if (!meant) continue;
    reasons.set(meant.id, [...(reasons.get(meant.id) ?? []), { kind: "pinned", text: `pinned by ${workflow}` }]);
  }
  return reasons;
}

function withoutLock(taskId: string): KeepReason {
  const text = `the open task ${taskId} was started before locks were kept: its children may be any version`;
  return { kind: "unknown-lock", text };
}

function newestReason(newest: number): KeepReason {
  return { kind: "newest", text: newest === 1 ? "the newest one" : `one of the newest ${newest}` };
}
