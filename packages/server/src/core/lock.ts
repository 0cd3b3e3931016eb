import { type Language, type Lock, NtroError, taskQueue, workflowType } from "@ntro/contract";

/** A revision that is current in a tenant, as far as its children matter. */
export interface LockableRevision {
  readonly slug: string;
  readonly version: string;
  readonly digest: string;
  readonly language: Language;
  /** What a Python revision runs in; null for TypeScript. */
  readonly environment: string | null;
  /** The union of what its frontmatter and its code declare. */
  readonly children: readonly string[];
}

/** A revision as the server keeps it, as far as its children matter. */
export function lockable(
  revision: Omit<LockableRevision, "children"> & {
    readonly manifest: { readonly children: readonly string[] };
    readonly described: { readonly children: readonly string[] } | null;
  },
): LockableRevision {
  const { slug, version, digest, language, environment, manifest, described } = revision;
  const children = [...new Set([...manifest.children, ...(described?.children ?? [])])];
  return { slug, version, digest, language, environment, children };
}

/**
 * Slug → revision of everything a task's children may start, fixed at dispatch: the declared children with theirs, down to the last. A Python revision that
 * declares none may start any runbook by its slug, so every current one of the tenant is locked. Throws `RUNBOOK_NOT_READY` for a declared child
 * without a current version.
 */
export function lockChildren(root: LockableRevision, current: readonly LockableRevision[], tenantSlug: string): Lock {
  const bySlug = new Map(current.map((revision) => [revision.slug, revision]));
  const lock: Lock = {};
  const follow = (parent: LockableRevision): void => {
    for (const slug of startable(parent, bySlug)) {
      if (Object.hasOwn(lock, slug)) continue;
      const child = bySlug.get(slug);
      if (!child)
        throw new NtroError(
          "RUNBOOK_NOT_READY",
          `${parent.slug}@${parent.version} starts the runbook ${slug}, which has no version that is ready for this tenant.`,
          {
            hint: `Deploy ${slug} to the tenant first.`,
          },
        );
      lock[slug] = { type: workflowType(child), queue: taskQueue(tenantSlug, child.language, child.environment) };
      follow(child);
    }
  };
  follow(root);
  return lock;
}

function startable(parent: LockableRevision, current: ReadonlyMap<string, LockableRevision>): readonly string[] {
  return parent.children.length > 0 || parent.language === "typescript" ? parent.children : [...current.keys()];
}
