import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readBundle } from "@ntro/bundle";
import { workflowType } from "@ntro/contract";
import type { BareWorker } from "./bare-worker";
import type { BenchPlatform, Deployed } from "./bench-platform";
import { memoryMib } from "./process-cost";
import type { Section } from "./result";

type Direct = Pick<Deployed, "workflowType" | "taskQueue">;

const RUNBOOK = "typical";
/** So that what was just freed is given back; milliseconds. */
const SETTLE_MS = 1_500;
/** Fewer tell more of the collector's moods than of a revision: shown, not judged. */
const ENOUGH = 16;
/** Runs before memory is read, so that garbage is collected: an idle process keeps its own. */
const CHURN = 60;

/** What the processes hold after the other measurements, and what one more loaded revision costs the host. */
export async function measureMemory(bench: BenchPlatform, bare: BareWorker, revisions: number): Promise<Section> {
  await delay(SETTLE_MS);
  const { server, worker, host } = await bench.processes();
  const [serverMib, workerMib, hostMib, bareMib] = await Promise.all(
    [server[0], worker[0], host[0], bare.pid].map((pid) => memoryMib(pid ?? -1)),
  );
  const { before, after } = await growth(bench, revisions);
  const against = { what: "bare worker", measured: bareMib ?? Number.NaN };
  return {
    title: `Memory (${existsSync("/proc/self/smaps_rollup") ? "PSS" : "resident set"})`,
    rows: [
      { what: "server", measured: serverMib ?? Number.NaN, unit: "MiB" },
      { what: "worker", measured: workerMib ?? Number.NaN, unit: "MiB" },
      { what: "host", measured: hostMib ?? Number.NaN, unit: "MiB", against },
      {
        what: "one more loaded revision",
        measured: (after - before) / revisions,
        unit: "MiB",
        ...(revisions < ENOUGH ? {} : { aim: { kind: "at most", value: 2 } }),
      },
    ],
    notes: [
      `a new host that ran ${revisions} further revisions once each went from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`,
    ],
  };
}

/** Memory of a host that has loaded a few revisions, and then `count` more. It is a new one, so that nothing of their building is in it. */
async function growth(bench: BenchPlatform, count: number): Promise<{ before: number; after: number }> {
  const types: Direct[] = [];
  const few = Math.ceil(count / 3);
  for (let number = 0; number < few + count; number += 1) types.push(await deploy(bench, `2.0.${number}`));
  const old = (await bench.processes()).host[0];
  if (old !== undefined) process.kill(old, "SIGKILL");
  const [first] = types;
  const load = async (some: readonly Direct[]): Promise<number> => {
    for (const type of some) await bench.runDirectly(type);
    for (let run = 0; first && run < CHURN; run += 1) await bench.runDirectly(first);
    await delay(SETTLE_MS);
    return memoryMib((await bench.processes()).host[0] ?? -1);
  };
  return { before: await load(types.slice(0, few)), after: await load(types.slice(few)) };
}

async function deploy(bench: BenchPlatform, version: string): Promise<Direct> {
  const read = await readBundle(await bench.variant(RUNBOOK, version));
  if (read.status === "faulty") throw new Error(`The bench's own runbook is faulty: ${JSON.stringify(read.faults)}`);
  const { files, manifest } = read.bundle;
  const { slug } = manifest;
  const { deployment } = await bench.api.call("runbooks.deploy", {
    params: { slug },
    body: { tenantSlug: bench.tenant.slug, version, files: Object.fromEntries(files) },
  });
  if (deployment.status !== "ready") throw new Error(`The deployment is ${deployment.status}.`);
  return { workflowType: workflowType(deployment), taskQueue: deployment.taskQueue };
}
