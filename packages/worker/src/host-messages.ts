import { Digest, HostRepair } from "@ntro/contract";
import * as z from "zod";

/** A revision as the server and the file system name it. */
export const RevisionKey = z.object({ slug: z.string(), version: z.string(), digest: Digest });
export type RevisionKey = z.infer<typeof RevisionKey>;

/** Everything a host is told about its tenant; over the process's channel, so that it stands in no environment or command line. */
export const HostSettings = z.object({
  tenant: z.object({ id: z.uuid(), slug: z.string() }),
  /** Such as `http://127.0.0.1:3000/v1`. */
  server: z.string(),
  /** Opens the server's worker routes for this tenant alone. */
  key: z.string(),
  databaseUrl: z.string(),
  temporal: z.object({ address: z.string(), namespace: z.string() }),
  queue: z.string(),
  /** Where revisions are installed: `<workflows>/<tenant>/<slug>/<version>/<digest>/`. */
  workflows: z.string(),
  /** The tenant's folder for files that tasks make. */
  storage: z.string(),
  /** Which executions go on with other code than they started with, see {@link ToHost} `repairs`. */
  repairs: z.array(HostRepair),
  /** What only a Python host needs. */
  python: z
    .object({
      /** Of its queue: `base`, or 12 hex digits. */
      environment: z.string(),
      /** Folder of the packages that the environment adds to the base; null where it adds none. */
      site: z.string().nullable(),
      /** A key of role `author` for this tenant, for what author code asks and tells the server. */
      authorKey: z.string(),
      /** Variables for author code: those of the worker that the published SDK reads, and over them the tenant's secrets. */
      variables: z.record(z.string(), z.string()),
    })
    .optional(),
});
export type HostSettings = z.infer<typeof HostSettings>;

/** Supervisor → host. */
export const ToHost = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), settings: HostSettings }),
  /** `dryRun`: only tell whether it could be made ready; migrate and keep nothing. */
  z.object({ type: z.literal("prepare"), deploymentId: z.string(), revision: RevisionKey, dryRun: z.boolean() }),
  /** All repairs in force, in place of those told before; what signals in a history have told since stays. */
  z.object({ type: z.literal("repairs"), repairs: z.array(HostRepair) }),
  /** Try an execution's history on the code of a revision, report to `worker.reportReplay`, then say `replayed`. */
  z.object({ type: z.literal("replay"), id: z.string(), workflowId: z.string(), workflowType: z.string() }),
  /** Nobody needs this host now: say {@link FromHost} `idle` when no activity is under way. */
  z.object({ type: z.literal("rest") }),
  /** Finish what is under way, then exit. */
  z.object({ type: z.literal("drain") }),
]);
export type ToHost = z.infer<typeof ToHost>;

/** How often a host says that it is alive, in milliseconds. */
export const ALIVE_MS = 5_000;

/** Host → supervisor. */
export const FromHost = z.discriminatedUnion("type", [
  z.object({ type: z.literal("running") }),
  /** Its event loop turns; told every {@link ALIVE_MS}. */
  z.object({ type: z.literal("alive") }),
  z.object({ type: z.literal("prepared"), deploymentId: z.string() }),
  /** A replay was reported, or could not be: what still waits is asked for again. */
  z.object({ type: z.literal("replayed"), id: z.string() }),
  /** It was asked to rest, and no activity is under way. */
  z.object({ type: z.literal("idle") }),
]);
export type FromHost = z.infer<typeof FromHost>;
