import { NtroError } from "@ntro/contract";
import { compare, lt } from "semver";
import { readyLast, type VersionContent } from "./ready-last";

/** What a runbook's current version is in a tenant. */
export interface CurrentVersion {
  readonly version: string;
  /** When the deploy or promotion that moved it was asked for. */
  readonly requestedAt: Date;
}

/** A deployment, as far as it decides about the current version. */
export interface RequestedVersion {
  readonly version: string;
  /** Asked for with `--pin`: one workflow is bound to this version. */
  readonly pin: boolean;
  readonly requestedAt: Date;
}

/**
 * Whether a deployment that is ready becomes current. It does, unless something asked for later already has, or it pins one workflow to a lower
 * version: rolling one workflow back never moves others.
 */
export function movesCurrent(deployment: RequestedVersion, current: CurrentVersion | undefined): boolean {
  if (current === undefined) return true;
  if (deployment.requestedAt.getTime() < current.requestedAt.getTime()) return false;
  return !(deployment.pin && lt(deployment.version, current.version));
}

/** A revision that may be promoted. */
export interface PromotableRevision extends VersionContent {
  readonly prunedAt: Date | null;
}

/**
 * The revision that a promotion of a version makes current: the one that became ready last.
 * @throws NtroError `VERSION_NOT_FOUND` or `RUNBOOK_NOT_READY`, naming the versions that are ready
 */
export function promotedRevision<R extends PromotableRevision>(
  slug: string,
  version: string,
  revisions: readonly R[],
): R {
  const newest = readyLast(revisions, version);
  if (newest) return newest;
  const ofVersion = revisions.filter((revision) => revision.version === version);
  const ready = revisions.filter(({ readyAt }) => readyAt !== null).map((revision) => revision.version);
  const hint =
    ready.length > 0
      ? `Ready here: ${[...new Set(ready)].sort(compare).join(", ")}.`
      : "Deploy it with `ntro workflow create --path …`.";
  const pruned = ofVersion.find(({ prunedAt }) => prunedAt !== null)?.prunedAt;
  if (pruned) throw prunedVersion(slug, version, pruned);
  if (ofVersion.length > 0)
    throw new NtroError("RUNBOOK_NOT_READY", `Version ${version} of ${slug} is not ready for this tenant.`, { hint });
  throw new NtroError("VERSION_NOT_FOUND", `The runbook ${slug} has no version ${version} in this tenant.`, { hint });
}

/** The error for a version whose content is gone. */
export function prunedVersion(slug: string, version: string, prunedAt: Date): NtroError {
  const day = prunedAt.toISOString().slice(0, 10);
  return new NtroError("RUNBOOK_NOT_READY", `Version ${version} of ${slug} was pruned on ${day}.`, {
    hint: "Deploy it again from its folder: `ntro workflow create --path …`.",
  });
}

/** What to tell whoever deploys a bundle that asks for packages which are there anyway; empty when it asks for none. */
export function requirementNotices(provided: readonly string[]): string[] {
  if (provided.length === 0) return [];
  const verb = provided.length === 1 ? "is" : "are";
  return [`requirements.txt: ${provided.join(", ")} ${verb} provided by the platform.`];
}
