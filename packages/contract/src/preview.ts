import * as z from "zod";
import { Digest, Language, Slug } from "./names";
import { StartParam } from "./runbook";
import { RevisionRef } from "./version";
import { PutWorkflow, WorkflowPlan } from "./workflow";

/** A revision to look ahead with: one that a dry run has prepared, or one that the tenant holds. */
export const PreviewRunbook = z.strictObject({
  tenantSlug: Slug,
  version: z.string(),
  digest: Digest,
  /** Whether it would be deployed, and so may become current; false for a version that is held and only bound. */
  deploys: z.boolean(),
  /** Deployed with `--pin`. */
  pin: z.boolean(),
  /** What would be bound; null: nothing. */
  workflow: PutWorkflow.nullable(),
});
export type PreviewRunbook = z.infer<typeof PreviewRunbook>;

const changed = ["added", "changed", "removed"] as const;
const Step = z.object({ id: z.string(), title: z.string() });

/** What another revision does to a workflow: the one that it runs now and the one it would run from its next task on. */
export const WorkflowMove = z.object({
  /** Null for a workflow that would be made. */
  id: z.uuid().nullable(),
  name: z.string().nullable(),
  entity: Slug,
  /** The version it would be pinned to; null: it follows the current one. */
  pin: z.string().nullable(),
  /** Null: none that is ready. */
  before: RevisionRef.nullable(),
  after: RevisionRef.nullable(),
});
export type WorkflowMove = z.infer<typeof WorkflowMove>;

/** What would change. Nothing of it was done. */
export const Preview = z.object({
  revision: RevisionRef.extend({ slug: Slug, language: Language }),
  /** What the revision is compared with: the one that the workflow runs now, else the current one; null: there is none. */
  base: RevisionRef.nullable(),
  /** Files that differ, by path; counts of lines are left to a diff. */
  files: z.array(z.object({ path: z.string(), change: z.enum(changed) })),
  /** Steps that differ, in the order of the new ladder, removed ones last. */
  steps: z.array(
    z.object({
      id: z.string(),
      change: z.enum([...changed, "moved"]),
      before: Step.nullable(),
      after: Step.nullable(),
    }),
  ),
  /** Start parameters that differ. */
  startParams: z.array(
    z.object({
      key: z.string(),
      change: z.enum(changed),
      /** It has to be given from now on, and had not to be before. */
      newlyRequired: z.boolean(),
      before: StartParam.nullable(),
      after: StartParam.nullable(),
    }),
  ),
  /** What the binding would change; null where nothing is bound. */
  binding: WorkflowPlan.nullable(),
  /** Which version is current before and after. */
  current: z.object({ before: RevisionRef.nullable(), after: RevisionRef.nullable() }),
  /** Every workflow of the runbook in the tenant whose next task would run other code, and those that stay, with the code they stay on. */
  follow: z.array(WorkflowMove),
  stay: z.array(WorkflowMove),
  /** Open tasks, which finish on what they started with; at most 100 of `openTaskCount`. */
  openTasks: z.array(
    RevisionRef.extend({
      id: z.uuid(),
      title: z.string(),
      /** Whether the task runs this runbook itself, or starts it as a child. */
      as: z.enum(["task", "child"]),
    }),
  ),
  openTaskCount: z.number().int(),
});
export type Preview = z.infer<typeof Preview>;
