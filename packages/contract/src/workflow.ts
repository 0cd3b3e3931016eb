import * as z from "zod";
import { Entity } from "./entity";
import { Slug } from "./names";
import { Config } from "./tenant";

/** A cron expression of five fields; checked in full by the server. */
export const Cron = z.string().trim().min(1).max(200);
/** An IANA time zone. */
export const TimeZone = z.string().min(1).max(64);

/** A time in which a schedule fires nothing; `until` null: it goes on. */
export const SchedulePause = z.object({
  since: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
  until: z.string().nullable(),
  resumedBy: z.string().nullable(),
});
export type SchedulePause = z.infer<typeof SchedulePause>;

/** A runbook bound to an entity. `runbookVersion` null follows the current version. */
export const Workflow = z.object({
  id: z.uuid(),
  orgId: z.string(),
  runbookSlug: Slug,
  runbookVersion: z.string().nullish(),
  entityId: z.uuid(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  schedule: z.string().nullish(),
  timezone: z.string().nullish(),
  defaultConfig: Config.nullish(),
  entity: Entity.nullish(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** The next fire times as Temporal computes them (UTC, ISO 8601); only where one workflow is asked for. */
  nextRuns: z.array(z.string()).optional(),
  /** The pause of its schedule that goes on; likewise. */
  paused: SchedulePause.nullish(),
});
export type Workflow = z.infer<typeof Workflow>;

/** Published create. Answers 409 when the name is taken; {@link PutWorkflow} is the upsert. */
export const CreateWorkflow = z.strictObject({
  runbookSlug: Slug,
  entityId: z.string(),
  runbookVersion: z.string().nullish(),
  name: z.string().trim().min(1).max(100).nullish(),
  description: z.string().max(2000).nullish(),
  schedule: Cron.nullish(),
  timezone: TimeZone.nullish(),
  defaultConfig: Config.nullish(),
});
export type CreateWorkflow = z.infer<typeof CreateWorkflow>;

/** Upsert on (entity, runbook slug, name): an absent field leaves what is there, null removes it. */
export const PutWorkflow = z.strictObject(CreateWorkflow.shape);
export type PutWorkflow = z.infer<typeof PutWorkflow>;

/** What an upsert would do: `before` and `after` as short text, none when the workflow is new or nothing changes. */
export const WorkflowPlan = z.object({
  created: z.boolean(),
  changes: z.array(z.object({ field: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
});
export type WorkflowPlan = z.infer<typeof WorkflowPlan>;

/** What an upsert did. */
export const PutWorkflowAnswer = WorkflowPlan.extend({ workflow: Workflow });
export type PutWorkflowAnswer = z.infer<typeof PutWorkflowAnswer>;

export const UpdateWorkflow = z.strictObject({
  name: z.string().trim().min(1).max(100).nullish(),
  description: z.string().max(2000).nullish(),
  schedule: Cron.nullish(),
  timezone: TimeZone.nullish(),
  defaultConfig: Config.nullish(),
  runbookVersion: z.string().nullish(),
});
export type UpdateWorkflow = z.infer<typeof UpdateWorkflow>;
