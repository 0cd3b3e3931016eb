import * as z from "zod";
import { Fault } from "./manifest";
import { Digest, Language } from "./names";
import { StateReport } from "./protocol";

/** Packages that Python revisions share; the name is the digest of what is asked for. */
export const PythonEnvironment = z.object({
  /** `base`, or 12 hex digits. */
  name: z.string(),
  /** PEP 508 lines beyond what every host has; empty for `base`. */
  requirements: z.array(z.string()),
});
export type PythonEnvironment = z.infer<typeof PythonEnvironment>;

/** An execution that goes on with the code of another revision than the one it started with. */
export const HostRepair = z.object({
  workflowId: z.string(),
  /** Counts the repairs of this execution from 1. */
  number: z.number().int().positive(),
  /** Workflow type of the revision whose code it runs. */
  type: z.string(),
});
export type HostRepair = z.infer<typeof HostRepair>;

/** A history to be tried on the code of a revision. */
export const WantedReplay = z.object({
  id: z.uuid(),
  workflowId: z.string(),
  /** Workflow type of the revision whose code is tried. */
  type: z.string(),
});
export type WantedReplay = z.infer<typeof WantedReplay>;

/** What a worker asks the server: the hosts that should run on it, and which deployments wait to be made ready. A host that is not named may stop once nothing is under way in it. */
export const Desired = z.object({
  temporal: z.object({ address: z.string(), namespace: z.string() }),
  /** When a revision was last pruned, null when none ever was: a worker that sees another time than before looks what its disk need not hold any more. */
  prunedAt: z.string().nullable(),
  tenants: z.array(
    z.object({
      id: z.uuid(),
      slug: z.string(),
      /** The tenant role's own connection to the tenant's database. */
      databaseUrl: z.string(),
      /** A key of role `worker` for this tenant alone. */
      hostKey: z.string(),
      /** A key of role `author` for this tenant alone: what the code that a host runs may ask and tell the server. */
      authorKey: z.string(),
      /** The tenant's secrets, by the name of the environment variable that author code finds them in. */
      secrets: z.record(z.string(), z.string()),
      hosts: z.array(
        z.object({
          language: Language,
          queue: z.string(),
          /** What a Python host runs in; null for TypeScript. */
          environment: PythonEnvironment.nullable(),
          deployments: z.array(
            z.object({ id: z.uuid(), slug: z.string(), version: z.string(), digest: Digest, dryRun: z.boolean() }),
          ),
          /** In force for open tasks on this queue. */
          repairs: z.array(HostRepair),
          /** Waiting to be tried by this host. */
          replays: z.array(WantedReplay),
        }),
      ),
    }),
  ),
});
export type Desired = z.infer<typeof Desired>;

/** The built form of a TypeScript revision: its SDK travels as the prelude. */
export const Build = z.object({
  prelude: Digest,
  /** CommonJS text that requires only `@temporalio/workflow`, `@ntro/runbook` and `zod`. */
  workflow: z.string(),
  workflowMap: z.string(),
  /** CommonJS text for Node. */
  activities: z.string(),
  activitiesMap: z.string(),
});
export type Build = z.infer<typeof Build>;

/** A revision as a host fetches it; `build` is null until some host has built it. */
export const RevisionContent = z.object({
  slug: z.string(),
  version: z.string(),
  digest: Digest,
  language: Language,
  /** The canonical archive, as `@ntro/bundle` packs it. */
  archive: z.string(),
  build: Build.nullable(),
});
export type RevisionContent = z.infer<typeof RevisionContent>;

/** What loading a bundle showed that its files alone do not: the ladder and the start parameters. */
export const Described = z.object({
  steps: z.array(z.object({ id: z.string(), title: z.string(), icon: z.string().optional() })),
  /** JSON Schema (2020-12) of the input, null when the bundle declares none. */
  inputSchema: z.record(z.string(), z.unknown()).nullable(),
  children: z.array(z.string()),
  activities: z.array(z.string()),
  /** What whoever deploys should know though nothing is wrong, one sentence each. */
  notices: z.array(z.string()).optional(),
});
export type Described = z.infer<typeof Described>;

export const DeploymentReport = z.discriminatedUnion("status", [
  /** A stage that has just been passed, with the seconds it took. */
  z.object({ status: z.literal("progress"), stage: z.string(), seconds: z.number() }),
  z.object({ status: z.literal("ready"), described: Described }),
  z.object({ status: z.literal("failed"), faults: z.array(Fault).min(1) }),
]);
export type DeploymentReport = z.infer<typeof DeploymentReport>;

/** Revisions that lie on a worker's disk; the answer names those of them that were pruned. */
export const HeldRevisions = z.object({
  revisions: z
    .array(z.object({ tenant: z.string(), slug: z.string(), version: z.string(), digest: z.string() }))
    .max(1000),
});
export type HeldRevisions = z.infer<typeof HeldRevisions>;

export const Reports = z.object({ reports: z.array(StateReport).max(1000) });

/**
 * One firing of a schedule. `nominalTime` (ISO 8601 UTC) and the workflow make the task's idempotency key. `schedule` and `timezone` are those it fired by;
 * a firing that an older ntro set up does not say.
 */
export const Dispatch = z.object({
  workflowId: z.uuid(),
  nominalTime: z.iso.datetime(),
  schedule: z.string().optional(),
  timezone: z.string().optional(),
});
export type Dispatch = z.infer<typeof Dispatch>;
export const DispatchAnswer = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("started"), taskId: z.uuid() }),
  z.object({ outcome: z.literal("skipped"), reason: z.string() }),
  z.object({ outcome: z.literal("failed"), reason: z.string() }),
]);
export type DispatchAnswer = z.infer<typeof DispatchAnswer>;
