import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type BareWorker, startBarePythonWorker } from "./bare-worker";
import type { BenchPlatform, Deployed } from "./bench-platform";
import { ByTurns, type Size } from "./by-turns";
import { memoryMib } from "./process-cost";
import type { Section } from "./result";

const RUNBOOK = "no-op-python";
/** So that what was just freed is given back; milliseconds. */
const SETTLE_MS = 1_000;

/** Start to done of three activities that do nothing in Python, our host against a bare worker of Temporal's Python SDK; what the host holds and how soon it serves. */
export async function measurePython(bench: BenchPlatform, size: Size, revisions: number): Promise<Section[]> {
  const deployed = await bench.deploy(RUNBOOK);
  const bare = await startBarePythonWorker(bench.address, bench.namespace);
  try {
    return [await startToDone(bench, bare, deployed, size), await hostSection(bench, bare, deployed, revisions)];
  } finally {
    await bare.stop();
  }
}

async function startToDone(bench: BenchPlatform, bare: BareWorker, deployed: Deployed, size: Size): Promise<Section> {
  const ways = {
    bare: {
      label: "bare Python worker",
      run: () =>
        bench.temporal.workflow.execute("noOpPython", {
          taskQueue: bare.taskQueue,
          workflowId: randomUUID(),
          args: [],
        }),
    },
    ours: { label: "our Python host", run: () => bench.runDirectly(deployed) },
  };
  const host = await bench.pythonHost();
  const processes = { host: host === undefined ? [] : [host], "bare worker": [bare.pid] };
  const measured = await ByTurns.measure(ways, ["bare", "ours"], processes, size);
  return {
    title: "Start to done in Python, three activities",
    rows: [
      { ...measured.latency("ours", 0.5, "bare"), aim: { kind: "at most", value: 1.15 } },
      measured.latency("ours", 0.95, "bare"),
      measured.throughput("ours", "bare"),
    ],
    notes: [
      "both in Temporal's sandbox, with the pydantic data converter",
      measured.countNote("ours"),
      measured.processorNote("bare"),
      measured.processorNote("ours"),
    ],
  };
}

async function hostSection(
  bench: BenchPlatform,
  bare: BareWorker,
  deployed: Deployed,
  revisions: number,
): Promise<Section> {
  const more: Deployed[] = [];
  for (let number = 0; number < revisions; number += 1)
    more.push(await bench.deployVersion(RUNBOOK, `2.0.${number}`, "templates/workflow.py"));
  const again = await restart(bench, deployed);
  const before = await memoryOf(bench);
  for (const revision of more) await bench.runDirectly(revision);
  const after = await memoryOf(bench);
  const against = { what: "bare Python worker", measured: await memoryMib(bare.pid) };
  return {
    title: "The Python host",
    rows: [
      { what: "killed to next task done", measured: again, unit: "s" },
      { what: "a host that has run one revision", measured: before, unit: "MiB", against },
      {
        what: "one more loaded revision",
        measured: (after - before) / revisions,
        unit: "MiB",
        aim: { kind: "at most", value: 0.5 },
      },
    ],
    notes: [
      `${revisions} further revisions, run once each, took it from ${before.toFixed(0)} to ${after.toFixed(0)} MiB; each run's own copy of the bundle's modules, which Temporal's sandbox makes and keeps while the run is cached, is in it`,
    ],
  };
}

/** Seconds from killing the host until a task that was asked for at once is done by its successor. */
async function restart(bench: BenchPlatform, deployed: Deployed): Promise<number> {
  const begun = performance.now();
  const host = await bench.pythonHost();
  if (host !== undefined) process.kill(host, "SIGKILL");
  await bench.runDirectly(deployed);
  return (performance.now() - begun) / 1000;
}

async function memoryOf(bench: BenchPlatform): Promise<number> {
  await delay(SETTLE_MS);
  return memoryMib((await bench.pythonHost()) ?? -1);
}
