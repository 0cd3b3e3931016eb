import { randomUUID } from "node:crypto";
import type { BareWorker } from "./bare-worker";
import type { BenchPlatform, Deployed } from "./bench-platform";
import { ByTurns, type Size, type Way } from "./by-turns";
import type { Section } from "./result";
import { TaskEndings } from "./task-endings";

const WAYS = ["bare", "bareLocal", "ours", "oursShort", "http", "httpShort"] as const;
type WayName = (typeof WAYS)[number];

/** Start to done of three activities that do nothing: our host against a bare worker, and through our own front door. */
export async function measureStartToDone(
  bench: BenchPlatform,
  bare: BareWorker,
  runbooks: { readonly normal: Deployed; readonly short: Deployed },
  size: Size,
): Promise<Section[]> {
  const endings = await TaskEndings.open(bench.api, bench.tenant.id);
  const processes = { ...(await bench.processes()), "bare worker": [bare.pid], bench: [process.pid] };
  const measured = await ByTurns.measure(waysOf(bench, bare, runbooks, endings), WAYS, processes, size);
  await endings.close();
  return [activitySection(measured), shortSection(measured), doorSection(measured)];
}

function waysOf(
  bench: BenchPlatform,
  bare: BareWorker,
  runbooks: { readonly normal: Deployed; readonly short: Deployed },
  endings: TaskEndings,
): Record<WayName, Way> {
  const plain = (type: string) => () =>
    bench.temporal.workflow.execute(type, { taskQueue: bare.taskQueue, workflowId: randomUUID(), args: [] });
  const dispatched =
    ({ workflowId }: Deployed) =>
    async () =>
      endings.completed(await bench.createTask(workflowId));
  const door = "POST /workspace/tasks until COMPLETED";
  return {
    bare: { label: "bare worker", run: plain("noOp") },
    bareLocal: { label: "bare worker, local activities", run: plain("noOpLocal") },
    ours: { label: "our host", run: () => bench.runDirectly(runbooks.normal) },
    oursShort: { label: "our host, short activities", run: () => bench.runDirectly(runbooks.short) },
    http: { label: door, run: dispatched(runbooks.normal) },
    httpShort: { label: `${door}, short activities`, run: dispatched(runbooks.short) },
  };
}

function activitySection(measured: ByTurns<WayName>): Section {
  return {
    title: "Start to done, three activities",
    rows: [
      { ...measured.latency("ours", 0.5, "bare"), aim: { kind: "at most", value: 1.15 } },
      measured.latency("ours", 0.95, "bare"),
      { ...measured.throughput("ours", "bare"), aim: { kind: "at least", value: 0.9 } },
    ],
    notes: [
      "both are started from one Temporal client, so the server's dispatch is in neither",
      measured.countNote("ours"),
      measured.processorNote("bare"),
      measured.processorNote("ours"),
    ],
  };
}

function shortSection(measured: ByTurns<WayName>): Section {
  return {
    title: "Start to done, the same marked `short` (local activities)",
    rows: [
      { ...measured.latency("oursShort", 0.5, "bare"), aim: { kind: "at most", value: 0.5 } },
      measured.latency("oursShort", 0.95, "bare"),
      measured.throughput("oursShort", "bare"),
      measured.latency("oursShort", 0.5, "bareLocal"),
      measured.throughput("oursShort", "bareLocal"),
    ],
    notes: [
      "no eager start: the server starts tasks in another process than the host, and Temporal hands an eagerly started workflow only to the process that starts it",
      measured.processorNote("bareLocal"),
      measured.processorNote("oursShort"),
    ],
  };
}

function doorSection(measured: ByTurns<WayName>): Section {
  return {
    title: "Through the front door: checked, recorded, audited, started, told by the event stream",
    rows: [
      measured.latency("http", 0.5, "bare"),
      measured.latency("http", 0.95, "bare"),
      measured.throughput("http", "bare"),
      measured.latency("httpShort", 0.5, "bare"),
      measured.throughput("httpShort", "bare"),
    ],
    notes: [measured.processorNote("http"), measured.processorNote("httpShort")],
  };
}
