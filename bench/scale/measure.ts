import { setTimeout as delay } from "node:timers/promises";
import { readBundle } from "@ntro/bundle";
import { nudgeWorkers } from "../../packages/server/src/store/events";
import { descendants, memoryMib, processorMs } from "../process-cost";
import { median } from "../quantiles";
import type { TenantsPlatform } from "./tenants-platform";

/** How much is measured of each platform. */
export interface ScaleSize {
  readonly tenants: number;
  readonly inUse: number;
  readonly slugs: number;
  readonly versions: number;
  readonly serverStarts: number;
  readonly nudges: number;
  readonly deploys: number;
  /** Of each tenant in use: one at a time over all, then all tenants at once. */
  readonly runs: number;
  /** Times that a sleeping tenant is woken, of each language. */
  readonly wakes: number;
}

/** Milliseconds of a call of `worker.desired`, and bytes of its answer. */
export async function desired({ worker }: TenantsPlatform): Promise<{ ms: number; bytes: number }> {
  const begun = performance.now();
  const answer = await worker.call("worker.desired", {});
  return { ms: performance.now() - begun, bytes: JSON.stringify(answer).length };
}

/** Processor milliseconds that a nudge costs server, worker and Postgres: the worker asks what should run, and finds that all of it does. */
export async function roundCost(platform: TenantsPlatform, nudges: number): Promise<Record<string, number>> {
  const postgres = platform.pid("postgres");
  const processes = {
    server: [platform.pid("server")],
    worker: [platform.pid("worker")],
    postgres: [postgres, ...(await descendants(postgres))],
  };
  const before = await processorMs(processes);
  for (let nudge = 0; nudge < nudges; nudge += 1) {
    await nudgeWorkers(platform.db);
    // More than the pause between two rounds of the supervisor.
    await delay(80);
  }
  const after = await processorMs(processes);
  return Object.fromEntries(
    Object.entries(after).map(([name, used]) => [name, (used - (before[name] ?? 0)) / nudges] as const),
  );
}

/** Milliseconds from asking for a deployment of new code until it is ready. */
export async function deployToReady({ api, tenants }: TenantsPlatform, folder: string): Promise<number> {
  const read = await readBundle(folder);
  if (read.status === "faulty") throw new Error(`The bench's own runbook is faulty: ${JSON.stringify(read.faults)}`);
  const { manifest, files } = read.bundle;
  const begun = performance.now();
  const { deployment } = await api.call("runbooks.deploy", {
    params: { slug: manifest.slug },
    query: { wait: 25 },
    body: { tenantSlug: tenants[0]?.slug ?? "", version: manifest.version, files: Object.fromEntries(files) },
  });
  if (deployment.status !== "ready") throw new Error(`The deployment is ${deployment.status}.`);
  return performance.now() - begun;
}

/** Milliseconds from asking for a task until its first activity started, by Temporal's clock, which is this machine's. */
async function dispatchToActivity(platform: TenantsPlatform, tenant: number, workflowId: string): Promise<number> {
  const { id: tenantId, entityId } = platform.tenants[tenant] ?? { id: "", entityId: "" };
  const asked = Date.now();
  const body = { tenantId, entityId, workflowId, context: {} };
  const { id } = await platform.api.call("tasks.create", { body });
  const handle = platform.temporal.workflow.getHandle(id);
  await handle.result();
  const { events } = await handle.fetchHistory();
  const started = events?.find(({ activityTaskStartedEventAttributes: is }) => is)?.eventTime;
  return Number(started?.seconds ?? 0) * 1000 + Number(started?.nanos ?? 0) / 1e6 - asked;
}

/** Runs of every tenant in use, one after the other or all tenants at once; milliseconds to the first activity of each. */
export async function dispatches(
  platform: TenantsPlatform,
  workflows: readonly string[],
  { runs, atOnce }: { readonly runs: number; readonly atOnce: boolean },
): Promise<number[]> {
  const times: number[] = [];
  const lane = async (tenant: number) => {
    for (let run = 0; run < runs; run += 1)
      times.push(await dispatchToActivity(platform, tenant, workflows[tenant] ?? ""));
  };
  if (atOnce) await Promise.all(workflows.map((_, tenant) => lane(tenant)));
  else for (const tenant of workflows.keys()) await lane(tenant);
  return times;
}

/** What server and worker hold, in MiB. */
export async function memory(platform: TenantsPlatform): Promise<{ server: number; worker: number; hosts: number }> {
  const worker = platform.pid("worker");
  const hosts = await Promise.all((await descendants(worker)).map(memoryMib));
  return {
    server: await memoryMib(platform.pid("server")),
    worker: await memoryMib(worker),
    hosts: median(hosts.filter((mib) => mib > 20)),
  };
}
