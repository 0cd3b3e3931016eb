import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type DeploymentReport,
  type Described,
  type Manifest,
  type NtroClient,
  NtroError,
  workflowType,
} from "@ntro/contract";
import type { Pool } from "pg";
import type { HostSettings, RevisionKey } from "../host-messages";
import { TRIES } from "../revision-folders";
import { readBuilt } from "./compile";
import { compareConfigSchema } from "./config-schema";
import { describeWorkflow } from "./describe-workflow";
import { install, revisionDir } from "./install";
import { BundleFaulty, loadFault } from "./load-failure";
import { applyMigrations } from "./migrations";
import type { Preludes } from "./preludes";
import type { Revisions } from "./revisions";

export interface PrepareTools {
  readonly settings: HostSettings;
  readonly client: NtroClient;
  readonly preludes: Preludes;
  readonly revisions: Revisions;
  readonly pool: Pool;
}

/** A deployment that waits for this host. */
export interface PreparedDeployment {
  readonly id: string;
  readonly key: RevisionKey;
  /** Only to see whether it could be made ready: nothing is migrated, and nothing stays. */
  readonly dryRun: boolean;
}

/**
 * Makes a deployment ready: fetched, built, loaded, checked, migrations applied, its build kept on the server. Each stage is told as it passes; the end is
 * reported as `ready` or `failed` with every fault. Never throws for what is wrong with the bundle; throws when the server cannot be reached.
 */
export async function prepare(tools: PrepareTools, deployment: PreparedDeployment): Promise<void> {
  const { id, key } = deployment;
  const report = (body: DeploymentReport) => tools.client.call("worker.reportDeployment", { params: { id }, body });
  try {
    const stage = stages(report);
    const described = deployment.dryRun ? await tryOut(tools, deployment, stage) : await makeReady(tools, key, stage);
    await report({ status: "ready", described });
  } catch (error) {
    if (error instanceof NtroError) throw error;
    const faults = error instanceof BundleFaulty ? [...error.faults] : [loadFault("RUNBOOK_LOAD_ERROR", "", error)];
    await report({ status: "failed", faults });
  }
}

type Stage = <T>(name: string, work: () => Promise<T>) => Promise<T>;

function stages(report: (body: DeploymentReport) => Promise<unknown>): Stage {
  return async (name, work) => {
    const begun = performance.now();
    const result = await work();
    await report({ status: "progress", stage: name, seconds: (performance.now() - begun) / 1000 });
    return result;
  };
}

async function makeReady(
  { settings, client, preludes, revisions, pool }: PrepareTools,
  key: RevisionKey,
  stage: Stage,
): Promise<Described> {
  const type = workflowType(key);
  const params = { tenant: settings.tenant.slug, type };
  const content = await client.call("worker.getRevision", { params });
  const current = await preludes.current();
  const installed = await stage("built", () =>
    install(revisionDir(settings.workflows, settings.tenant.slug, key), content, current),
  );
  const described = await stage("loaded", async () => {
    const { revision } = await revisions.loadInstalled(key);
    return describeWorkflow(revision.prelude, revision.workflow);
  });
  refuseMismatches(installed.manifest, described);
  if ([...installed.files.keys()].some((path) => path.startsWith("migrations/")))
    await stage("migrated", () => applyMigrations(pool, key.slug, installed.files));
  const { built } = installed;
  if (built) {
    if (built.prelude === current.digest) await preludes.publish(current);
    await stage("stored", () => client.call("worker.putBuild", { params, body: built }));
  }
  return described;
}

/** Goes through the stages that show faults, in a folder of its own that is removed; this host and the server keep nothing. */
async function tryOut(
  { settings, client, preludes }: PrepareTools,
  { id, key }: PreparedDeployment,
  stage: Stage,
): Promise<Described> {
  const params = { tenant: settings.tenant.slug, type: workflowType(key) };
  const content = await client.call("worker.getRevision", { params });
  const dir = join(settings.workflows, settings.tenant.slug, TRIES, id);
  try {
    const prelude = await preludes.current();
    const { manifest } = await stage("built", () => install(dir, content, prelude));
    const described = await stage("loaded", async () => {
      const built = await readBuilt(dir);
      return describeWorkflow(await preludes.get(built.prelude), built.workflow);
    });
    refuseMismatches(manifest, described);
    return described;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function refuseMismatches(manifest: Manifest, described: Described): void {
  const mismatches = compareConfigSchema(manifest, described);
  if (mismatches.length > 0) throw new BundleFaulty(mismatches);
}
