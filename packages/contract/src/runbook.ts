import * as z from "zod";
import { Fault } from "./manifest";
import { Digest, Slug } from "./names";
import { RevisionRef } from "./version";

/** A start parameter, as forms and `--json` show it. Required = no default. */
export const StartParam = z.object({
  key: z.string(),
  type: z.enum(["string", "number", "boolean", "array", "object"]),
  description: z.string().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  default: z.unknown().optional(),
  required: z.boolean(),
});
export type StartParam = z.infer<typeof StartParam>;

export const RunbookSummary = z.object({
  id: z.string(),
  slug: Slug,
  name: z.string(),
  description: z.string(),
  classification: z.string(),
  tags: z.array(z.string()),
  jurisdictions: z.array(z.string()),
  /** The current version where one tenant is asked about, else the newest deployed. */
  version: z.string(),
  state: z.string(),
  stepCount: z.number().int(),
  templateCount: z.number().int(),
});
export type RunbookSummary = z.infer<typeof RunbookSummary>;

export const RunbookDetail = RunbookSummary.extend({
  author: z.string(),
  steps: z.array(
    z.object({ id: z.string(), label: z.string(), description: z.string().nullish(), icon: z.string().nullish() }),
  ),
  /** JSON Schema (2020-12) of the start parameters. */
  configSchema: z.record(z.string(), z.unknown()).nullish(),
  startParams: z.array(StartParam),
  /** The markdown body of runbook.md. */
  content: z.string(),
  templates: z.array(z.object({ path: z.string(), description: z.string(), language: z.string() })),
});
export type RunbookDetail = z.infer<typeof RunbookDetail>;

export const DeploymentStatus = z.enum(["pending", "ready", "failed"]);

const deploymentFields = {
  id: z.uuid(),
  tenantId: z.uuid(),
  tenantSlug: Slug,
  slug: Slug,
  version: z.string(),
  digest: Digest,
  workflowType: z.string(),
  taskQueue: z.string(),
  /** Whether the version became (or becomes) current once ready. */
  current: z.boolean(),
  deployedBy: z.string(),
  createdAt: z.string(),
  /** It only shows whether the version could be made ready and what would change; nothing comes of it. */
  dryRun: z.boolean().default(false),
  /** What is current at the moment of asking, whoever moved it; null before the first version is ready. */
  currentNow: RevisionRef.extend({ since: z.string(), by: z.string().nullable() }).nullable().default(null),
  /** A deployment of the same runbook that was asked for later and will be current once it is ready; null: there is none. */
  overtakenBy: RevisionRef.extend({ by: z.string() }).nullable().default(null),
};

/** A revision made to serve a tenant. */
export const Deployment = z.discriminatedUnion("status", [
  z.object({ ...deploymentFields, status: z.literal("pending") }),
  z.object({
    ...deploymentFields,
    status: z.literal("ready"),
    readyAt: z.string(),
    /** What whoever deployed should know though nothing is wrong, one sentence each. */
    notices: z.array(z.string()).default([]),
  }),
  z.object({ ...deploymentFields, status: z.literal("failed"), failedAt: z.string(), faults: z.array(Fault) }),
]);
export type Deployment = z.infer<typeof Deployment>;

/** The published body, plus whether a semver-lower version may become current (`pin` deploys never move it down), and whether it is only tried. */
export const DeployRunbook = z.strictObject({
  tenantSlug: Slug,
  version: z.string(),
  workflowClass: z.string().optional(),
  files: z.record(z.string(), z.string()),
  activityModules: z.array(z.string()).optional(),
  pin: z.boolean().optional(),
  /** Prepare it as any other, tell its faults, and leave nothing behind. */
  dryRun: z.boolean().optional(),
});
export type DeployRunbook = z.infer<typeof DeployRunbook>;

/** The published answer plus the deployment it started. */
export const DeployAnswer = z.object({
  workflowId: z.string(),
  taskQueue: z.string(),
  runbook: Slug,
  version: z.string(),
  result: z.unknown(),
  deployment: Deployment,
});
export type DeployAnswer = z.infer<typeof DeployAnswer>;

export const PromoteRunbook = z.strictObject({ tenantSlug: Slug, version: z.string() });
