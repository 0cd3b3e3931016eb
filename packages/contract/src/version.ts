import * as z from "zod";
import { Digest, Language, Slug } from "./names";

/** A workflow as others are told of it. */
export const WorkflowName = z.object({ id: z.uuid(), name: z.string().nullish(), entity: Slug });
export type WorkflowName = z.infer<typeof WorkflowName>;

/** Which of a version's contents is meant. */
export const RevisionRef = z.object({ version: z.string(), digest: Digest });
export type RevisionRef = z.infer<typeof RevisionRef>;

/** How a revision stands: as its last deployment does, or `pruned`: nothing used it, and its content is gone. */
export const RevisionStatus = z.enum(["pending", "ready", "failed", "pruned"]);

/** One uploaded content of a version. */
export const RunbookVersion = z.object({
  slug: Slug,
  version: z.string(),
  digest: Digest,
  language: Language,
  tenantSlug: Slug,
  status: RevisionStatus,
  current: z.boolean(),
  /** Since when it is current, and who deployed or promoted it; null where it is not. */
  currentSince: z.string().nullable().default(null),
  currentBy: z.string().nullable().default(null),
  /** The workflows whose pin means this content. */
  pinnedBy: z.array(WorkflowName),
  /** Open tasks that started on it. */
  openTasks: z.number().int(),
  /** Open tasks whose children of this runbook are it: their lock names it. */
  lockedBy: z.number().int().default(0),
  /** What whoever deployed it should know though nothing is wrong, one sentence each. */
  notices: z.array(z.string()).default([]),
  deployedBy: z.string(),
  createdAt: z.string(),
  readyAt: z.string().nullable().default(null),
  prunedAt: z.string().nullable().default(null),
});
export type RunbookVersion = z.infer<typeof RunbookVersion>;

/** A revision's files: path in the bundle → text. */
export const RevisionFiles = z.object({
  slug: Slug,
  version: z.string(),
  digest: Digest,
  tenantSlug: Slug,
  files: z.record(z.string(), z.string()),
});
export type RevisionFiles = z.infer<typeof RevisionFiles>;

/** What to remove: of one runbook or all of a tenant, whatever nothing uses and is not among the newest `keep`. */
export const PruneRunbooks = z.strictObject({
  tenantSlug: Slug,
  /** Absent: all runbooks of the tenant. */
  slug: Slug.optional(),
  keep: z.number().int().min(0).max(10_000).default(0),
  /** Only tell. */
  dryRun: z.boolean().default(false),
});
export type PruneRunbooks = z.infer<typeof PruneRunbooks>;

/** Why a revision is kept. */
export const KeepReason = z.object({
  kind: z.enum(["current", "pinned", "task", "child", "repair", "deployment", "unknown-lock", "newest"]),
  /** In words, such as `pinned by month-end (acme-spv1)`. */
  text: z.string(),
});
export type KeepReason = z.infer<typeof KeepReason>;

/** What was removed (in a dry run: would be) and what was kept, with every reason. Revisions that were pruned before are in neither. */
export const PruneAnswer = z.object({
  dryRun: z.boolean(),
  removed: z.array(RevisionRef.extend({ slug: Slug })),
  kept: z.array(RevisionRef.extend({ slug: Slug, reasons: z.array(KeepReason) })),
});
export type PruneAnswer = z.infer<typeof PruneAnswer>;
