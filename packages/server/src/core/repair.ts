import { type LaterChild, type Lock, type NamedRevision, NtroError, taskQueue, workflowType } from "@ntro/contract";
import { type LockableRevision, lockChildren } from "./lock";

/** A revision that executions may be repaired to. */
export interface RepairRevision extends LockableRevision {
  readonly id: string;
  /** When a deployment of it became ready; null when none did. */
  readonly readyAt: Date | null;
}

/** The shortest beginning of a digest that is taken for one. */
const DIGEST_BEGINNING = /^[0-9a-f]{4,64}$/;

/**
 * The revision of a runbook that a reference means: a version, `<version>+<beginning of its digest>`, or the beginning of a digest.
 * @param revisions of the runbook in the tenant
 * @throws NtroError `VERSION_NOT_FOUND`, `RUNBOOK_NOT_READY`, or `REQUEST_INVALID` where a version has several contents
 */
export function meantRevision<R extends RepairRevision>(slug: string, reference: string, revisions: readonly R[]): R {
  const meant = candidates(reference, revisions);
  const ready = meant.filter(({ readyAt }) => readyAt !== null);
  const [only] = ready;
  if (only && ready.length === 1) return only;
  if (only)
    throw new NtroError("REQUEST_INVALID", `${slug}@${reference} has ${ready.length} contents.`, {
      hint: `Say which: ${ready.map(({ version, digest }) => `${version}+${digest.slice(0, 12)}`).join(" or ")}.`,
      details: ready.map(named),
    });
  const versions = [...new Set(revisions.filter(({ readyAt }) => readyAt !== null).map(({ version }) => version))];
  const hint =
    versions.length > 0 ? `Ready here: ${versions.join(", ")}.` : "Deploy it with `ntro workflow create --path …`.";
  throw meant.length > 0
    ? new NtroError("RUNBOOK_NOT_READY", `Version ${reference} of ${slug} is not ready for this tenant.`, { hint })
    : new NtroError("VERSION_NOT_FOUND", `The runbook ${slug} has no version ${reference} in this tenant.`, { hint });
}

function candidates<R extends RepairRevision>(reference: string, revisions: readonly R[]): R[] {
  const ofVersion = revisions.filter(({ version }) => version === reference);
  if (ofVersion.length > 0) return ofVersion;
  // A version may itself hold a plus.
  const plus = reference.lastIndexOf("+");
  const beginning = reference.slice(plus + 1);
  if (!DIGEST_BEGINNING.test(beginning)) return [];
  const version = plus === -1 ? undefined : reference.slice(0, plus);
  return revisions.filter(
    (revision) => revision.digest.startsWith(beginning) && (version === undefined || revision.version === version),
  );
}

/** A revision as it is told. */
function named({ slug, version, digest }: NamedRevision): NamedRevision {
  return { slug, version, digest };
}

/** Why an execution of one revision can never go on with another; undefined when it may be tried. */
export function neverFits(from: RepairRevision, to: RepairRevision): string | undefined {
  if (from.slug !== to.slug) return `It is a ${from.slug}, not a ${to.slug}.`;
  if (from.language !== to.language)
    return `It runs ${from.language} code, and ${to.version} is ${to.language}: a task keeps its language.`;
  if (from.environment !== to.environment)
    return `${to.version} asks for other Python packages (requirements.txt) than ${from.version}: a task keeps its environment.`;
  return undefined;
}

/** An execution of a task that is open. */
export interface OpenExecution {
  readonly workflowId: string;
  /** Whose code it runs now. */
  readonly revision: RepairRevision;
}

/** What was asked for, with references resolved. */
export interface WantedRepair {
  readonly taskId: string;
  readonly tenantSlug: string;
  /** The task first, then its children that run. */
  readonly open: readonly OpenExecution[];
  /** For the task itself. */
  readonly to: RepairRevision | undefined;
  /** For children, by slug. */
  readonly children: ReadonlyMap<string, RepairRevision>;
  readonly lock: Lock;
  /** The current revision of every runbook of the tenant. */
  readonly current: readonly RepairRevision[];
  /** Revisions that the lock names, by workflow type. */
  readonly locked: ReadonlyMap<string, NamedRevision>;
}

/** What is to be tried, and what changes besides. */
export interface RepairPlan {
  readonly checks: readonly {
    readonly workflowId: string;
    readonly from: RepairRevision;
    readonly to: RepairRevision;
  }[];
  /** Changes to the task's lock. */
  readonly lock: Lock;
  readonly laterChildren: readonly LaterChild[];
}

/**
 * What a repair comes to: each open execution that is named is tried; named children that are started later are the named revision, and so are those that the
 * new code of the task starts and the lock does not have yet, as of now. Everything else stays.
 * @throws NtroError `REPAIR_REFUSED` when one of them can never go on with its revision, `RUNBOOK_NOT_READY` for a child that has no current version
 */
export function planRepair(wanted: WantedRepair): RepairPlan {
  const checks = wanted.open.flatMap(({ workflowId, revision }) => {
    const to = workflowId === wanted.taskId ? wanted.to : wanted.children.get(revision.slug);
    return to ? [{ workflowId, from: revision, to }] : [];
  });
  const never = checks.flatMap(({ workflowId, from, to }) => {
    const message = neverFits(from, to);
    return message ? [{ workflowId, from: named(from), to: named(to), message }] : [];
  });
  if (never[0])
    throw new NtroError(
      "REPAIR_REFUSED",
      `The task cannot go on with this version. ${never[0].message} Nothing changed.`,
      {
        hint: "Correct the version it runs, deploy that under a new number, and repair to it.",
        details: never,
      },
    );
  const lock = lockChanges(wanted);
  const laterChildren = Object.entries(lock).map(([slug, { type }]) => ({
    slug,
    from: wanted.locked.get(wanted.lock[slug]?.type ?? "") ?? null,
    to: named(revisionOfType(type, [...wanted.children.values(), ...wanted.current])),
  }));
  return { checks, lock, laterChildren };
}

function lockChanges({ to, children, lock, current, tenantSlug }: WantedRepair): Lock {
  const asked = Object.fromEntries(
    [...children].map(([slug, revision]) => [slug, lockedTo(revision, tenantSlug)] as const),
  );
  const added = to ? missingChildren(to, { ...lock, ...asked }, current, tenantSlug) : {};
  return Object.fromEntries(
    Object.entries({ ...added, ...asked }).filter(([slug, { type }]) => lock[slug]?.type !== type),
  );
}

function lockedTo(revision: RepairRevision, tenantSlug: string): Lock[string] {
  return { type: workflowType(revision), queue: taskQueue(tenantSlug, revision.language, revision.environment) };
}

function missingChildren(
  to: RepairRevision,
  known: Lock,
  current: readonly RepairRevision[],
  tenantSlug: string,
): Lock {
  const missing = to.children.filter((slug) => !Object.hasOwn(known, slug));
  if (missing.length === 0) return {};
  const all = lockChildren({ ...to, children: missing }, current, tenantSlug);
  return Object.fromEntries(Object.entries(all).filter(([slug]) => !Object.hasOwn(known, slug)));
}

function revisionOfType(type: string, revisions: readonly RepairRevision[]): RepairRevision {
  const found = revisions.find((revision) => workflowType(revision) === type);
  if (!found) throw new Error(`No revision ${type} among those that were chosen from.`);
  return found;
}

/** How one execution's check stands. */
export type CheckStatus = "waiting" | "same" | "fits" | "unfit" | "failed";

/** What follows for a repair from its checks. */
export function verdictOf(
  checkOnly: boolean,
  statuses: readonly CheckStatus[],
): "waiting" | "checked" | "refused" | "failed" | "apply" {
  if (statuses.includes("waiting")) return "waiting";
  if (checkOnly) return "checked";
  if (statuses.includes("unfit")) return "refused";
  return statuses.includes("failed") ? "failed" : "apply";
}

/** How Temporal shows an execution that is to be told of its repair. */
export interface Standing {
  readonly historyLength: number;
  readonly code: "waits" | "busy" | "failing";
}

/** Milliseconds during which an answer that was written may still be on its way to the code. */
const ANSWER_UNDER_WAY = 15_000;

/**
 * Whether an execution still stands where its history was tried: nothing has been added since, and nothing is at work that may add something. Code that fails adds
 * nothing, whatever it is told.
 * @param events id of the last event that was tried
 * @param answered when each answer was written that the task may not have taken yet
 */
export function standsStill(events: number, standing: Standing | null, answered: readonly Date[], now: Date): boolean {
  if (standing === null || standing.historyLength > events || standing.code === "busy") return false;
  return standing.code === "failing" || answered.every((at) => now.getTime() - at.getTime() > ANSWER_UNDER_WAY);
}

/** The step that was under way at a moment; null when none was. */
export function stepAt(
  steps: readonly {
    readonly id: string;
    readonly title: string;
    readonly started_at?: string | undefined;
    readonly ended_at?: string | undefined;
  }[],
  at: Date,
): { readonly id: string; readonly title: string } | null {
  const begun = steps
    .filter((step) => step.started_at !== undefined && new Date(step.started_at) <= at)
    .filter((step) => step.ended_at === undefined || new Date(step.ended_at) >= at)
    .sort((one, other) => String(one.started_at).localeCompare(String(other.started_at)));
  const last = begun.at(-1);
  return last ? { id: last.id, title: last.title } : null;
}
