import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readBundle } from "@ntro/bundle";
import type { BareWorker } from "./bare-worker";
import type { BenchPlatform, Deployed } from "./bench-platform";
import { memoryMib } from "./process-cost";
import type { Section } from "./result";
import { TaskEndings } from "./task-endings";

const RUNBOOK = "typical";
/** So that what was just freed is given back; milliseconds. */
const SETTLE_MS = 1_500;
/** Tasks run before memory is read, so that what a deployment left behind is collected: an idle process keeps its garbage. */
const CHURN = 60;

/** What the processes hold after the other measurements, and what one more loaded revision costs the host. */
export async function measureMemory(
  bench: BenchPlatform,
  bare: BareWorker,
  churn: Deployed,
  revisions: number,
): Promise<Section> {
  await delay(SETTLE_MS);
  const { server, worker, host } = await bench.processes();
  const [serverMib, workerMib, hostMib, bareMib] = await Promise.all(
    [server[0], worker[0], host[0], bare.pid].map((pid) => memoryMib(pid ?? -1)),
  );
  const endings = await TaskEndings.open(bench.api, bench.tenant.id);
  const load = async (from: number, to: number): Promise<number> => {
    for (let number = from; number < to; number += 1) await deployAndRun(bench, endings, `2.0.${number}`);
    const tasks = await Promise.all(Array.from({ length: CHURN }, () => bench.createTask(churn.workflowId)));
    await Promise.all(tasks.map((task) => endings.completed(task)));
    await delay(SETTLE_MS);
    return memoryMib(host[0] ?? -1);
  };
  const first = Math.ceil(revisions / 3);
  const before = await load(0, first);
  const after = await load(first, first + revisions);
  await endings.close();
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
        aim: { kind: "at most", value: 2 },
      },
    ],
    notes: [
      `${revisions} further revisions deployed and run once each: the host went from ${before.toFixed(0)} to ${after.toFixed(0)} MiB`,
    ],
  };
}

async function deployAndRun(bench: BenchPlatform, endings: TaskEndings, version: string): Promise<void> {
  const read = await readBundle(await bench.variant(RUNBOOK, version));
  if (read.status === "faulty") throw new Error(`The bench's own runbook is faulty: ${JSON.stringify(read.faults)}`);
  const { files, manifest } = read.bundle;
  const { slug } = manifest;
  const { deployment } = await bench.api.call("runbooks.deploy", {
    params: { slug },
    body: { tenantSlug: bench.tenant.slug, version, files: Object.fromEntries(files) },
  });
  if (deployment.status !== "ready") throw new Error(`The deployment is ${deployment.status}.`);
  const { workflow } = await bench.api.call("workflows.put", {
    body: { runbookSlug: slug, entityId: bench.entity.id },
  });
  await endings.completed(await bench.createTask(workflow.id));
}
