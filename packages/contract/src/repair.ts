import * as z from "zod";
import { Digest, Slug } from "./names";

/**
 * Asks to repair a task: to go on with the code of another revision. `to` is of the task itself, `children` of its children by slug; at least one of both. Each
 * names a version, `<version>+<digest>` or the beginning of a digest (at least 4 hex digits) where a version has several contents.
 */
export const RepairTask = z
  .strictObject({
    to: z.string().min(1).max(200).optional(),
    children: z.record(Slug, z.string().min(1).max(200)).optional(),
    /** Only reports whether it would fit; changes nothing. */
    check: z.boolean().default(false),
    reason: z.string().trim().max(2000).nullish(),
  })
  .refine(({ to, children }) => to !== undefined || Object.keys(children ?? {}).length > 0, {
    error: "name a version: `to`, or one of `children`",
  });
export type RepairTask = z.input<typeof RepairTask>;

/** Asks for a report on every open task and open child execution of a runbook. Without `to` on the current version. */
export const CheckOpenTasks = z.strictObject({ tenantSlug: Slug, to: z.string().min(1).max(200).optional() });
export type CheckOpenTasks = z.input<typeof CheckOpenTasks>;

/** A revision as people are told of it. */
export const NamedRevision = z.object({ slug: Slug, version: z.string(), digest: Digest });
export type NamedRevision = z.infer<typeof NamedRevision>;

/** A place in the author's own files. */
export const CodeFrame = z.object({
  /** Below the bundle's folder, such as `templates/workflow.ts`. */
  path: z.string(),
  line: z.number().int().positive(),
  /** The text of that line, where it is known. */
  source: z.string().nullable(),
});
export type CodeFrame = z.infer<typeof CodeFrame>;

const unfit = {
  message: z.string(),
  /** The event of the execution's history at which it differs; null when nobody can say. */
  eventId: z.number().int().nullable(),
  /** As Temporal's own tools name it: `ActivityTaskScheduled`. */
  eventType: z.string().nullable(),
  /** Where the new code stood when it differed. */
  frame: CodeFrame.nullable(),
  stackTrace: z.string().nullable(),
};

/** What a host tells of a replay it was asked for. */
export const ReplayReport = z.discriminatedUnion("status", [
  /** `events`: id of the last event that was replayed. */
  z.object({ status: z.literal("fits"), events: z.number().int() }),
  z.object({ status: z.literal("unfit"), ...unfit }),
  /** It could not be tried: the revision cannot be loaded, the history cannot be read. */
  z.object({ status: z.literal("failed"), message: z.string() }),
]);
export type ReplayReport = z.infer<typeof ReplayReport>;

const checkFields = {
  /** The task itself, or a child of it. */
  workflowId: z.string(),
  taskId: z.uuid(),
  title: z.string(),
  from: NamedRevision,
  to: NamedRevision,
};

/** Whether one execution could go on with another revision, as far as is known. */
export const RepairCheck = z.discriminatedUnion("status", [
  z.object({ ...checkFields, status: z.literal("waiting") }),
  /** It runs this code already. */
  z.object({ ...checkFields, status: z.literal("same") }),
  z.object({ ...checkFields, status: z.literal("fits"), events: z.number().int() }),
  z.object({
    ...checkFields,
    status: z.literal("unfit"),
    ...unfit,
    /** The step that was under way then. */
    step: z.object({ id: z.string(), title: z.string() }).nullable(),
  }),
  z.object({ ...checkFields, status: z.literal("failed"), message: z.string() }),
]);
export type RepairCheck = z.infer<typeof RepairCheck>;

/** A child runbook that will be another revision when the task starts it later. */
export const LaterChild = z.object({ slug: Slug, from: NamedRevision.nullable(), to: NamedRevision });
export type LaterChild = z.infer<typeof LaterChild>;

/**
 * A repair from its request to its end: `checking` until every execution was tried; then `checked` (only a report was asked for), `applied`, `refused` (some
 * history does not fit) or `failed` (it could not be tried). Nothing has changed unless it is applied.
 */
export const Repair = z.object({
  id: z.uuid(),
  tenantSlug: Slug,
  /** Null for a report on all open tasks of a runbook. */
  taskId: z.uuid().nullable(),
  status: z.enum(["checking", "checked", "applied", "refused", "failed"]),
  /** Why it could not be tried. */
  message: z.string().nullable(),
  checks: z.array(RepairCheck),
  laterChildren: z.array(LaterChild),
  /** What whoever asked should know though nothing is wrong, one sentence each. */
  notices: z.array(z.string()),
  requestedBy: z.string(),
  reason: z.string().nullable(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
});
export type Repair = z.infer<typeof Repair>;

/** Which code an execution of a task goes on with. */
export const ExecutionCode = z.object({
  /** The task itself, or a child of it. */
  workflowId: z.string(),
  /** What it goes on with. */
  code: NamedRevision,
  /** Set where that is not what it started with. */
  repaired: z.object({ from: NamedRevision, by: z.string(), at: z.string(), reason: z.string().nullable() }).nullable(),
});
export type ExecutionCode = z.infer<typeof ExecutionCode>;
