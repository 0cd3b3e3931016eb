/** A revision, as far as the choice among the contents of one version goes. */
export interface VersionContent {
  readonly version: string;
  /** When its last deployment became ready; null: none did, or it was pruned since. */
  readonly readyAt: Date | null;
}

/** The content that a version means: of all that are ready the one that became so last; undefined when none is. */
export function readyLast<R extends VersionContent>(revisions: readonly R[], version: string): R | undefined {
  return revisions
    .filter((revision) => revision.version === version && revision.readyAt !== null)
    .sort((a, b) => (b.readyAt?.getTime() ?? 0) - (a.readyAt?.getTime() ?? 0))[0];
}
