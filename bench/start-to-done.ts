import { randomUUID } from "node:crypto";
import type { BareWorker } from "./bare-worker";
import type { BenchPlatform, Deployed } from "./bench-platform";
import { type Processes, processorMs } from "./process-cost";
import { median, quantile } from "./quantiles";
import type { Row, Section } from "./result";
import { TaskEndings } from "./task-endings";

/** How much is measured. */
export interface StartToDoneSize {
  readonly warmUp: number;
  /** One after the other, each way in turn. */
  readonly sequential: number;
  /** Blocks of runs for throughput, each way in turn. */
  readonly blocks: number;
  readonly runsPerBlock: number;
  readonly concurrency: number;
  /** Seconds after which neither of the two is begun anew; on a slow machine there is less to measure, not longer to wait. */
  readonly seconds: { readonly sequential: number; readonly blocks: number };
}

/** One way to run the three activities: resolves when the run is done. */
type Way = () => Promise<unknown>;
const WAYS = ["bare", "bareLocal", "ours", "oursShort", "http", "httpShort"] as const;
type WayName = (typeof WAYS)[number];
type Measured<T> = Record<WayName, T[]>;

/** Throughput of one block and what it took of each process, in milliseconds a run. */
interface Block {
  readonly perSecond: number;
  readonly processor: Record<string, number>;
}

const LABEL: Record<WayName, string> = {
  bare: "bare worker",
  bareLocal: "bare worker, local activities",
  ours: "our host",
  oursShort: "our host, short activities",
  http: "POST /workspace/tasks until COMPLETED",
  httpShort: "POST /workspace/tasks until COMPLETED, short activities",
};

/** Start to done of three activities that do nothing: our host against a bare worker, and through our own front door. */
export async function measureStartToDone(
  bench: BenchPlatform,
  bare: BareWorker,
  runbooks: { readonly normal: Deployed; readonly short: Deployed },
  size: StartToDoneSize,
): Promise<Section[]> {
  const endings = await TaskEndings.open(bench.api, bench.tenant.id);
  const ways = waysOf(bench, bare, runbooks, endings);
  for (let round = 0; round < size.warmUp; round += 1) for (const name of WAYS) await ways[name]();
  const times = await oneByOne(ways, size);
  const processes = { ...(await bench.processes()), "bare worker": [bare.pid], bench: [process.pid] };
  const blocks = await inBlocks(ways, processes, size);
  await endings.close();
  return [activitySection(times, blocks, size), shortSection(times, blocks), doorSection(times, blocks)];
}

function waysOf(
  bench: BenchPlatform,
  bare: BareWorker,
  runbooks: { readonly normal: Deployed; readonly short: Deployed },
  endings: TaskEndings,
): Record<WayName, Way> {
  const plain = (type: string) => () =>
    bench.temporal.workflow.execute(type, { taskQueue: bare.taskQueue, workflowId: randomUUID(), args: [] });
  const hosted =
    ({ workflowType }: Deployed) =>
    () =>
      bench.runDirectly(workflowType);
  const dispatched =
    ({ workflowId }: Deployed) =>
    async () =>
      endings.completed(await bench.createTask(workflowId));
  return {
    bare: plain("noOp"),
    bareLocal: plain("noOpLocal"),
    ours: hosted(runbooks.normal),
    oursShort: hosted(runbooks.short),
    http: dispatched(runbooks.normal),
    httpShort: dispatched(runbooks.short),
  };
}

/** Every way in turn, beginning with another one each round, so that what the machine does meanwhile meets all of them. */
async function oneByOne(
  ways: Record<WayName, Way>,
  { sequential, seconds }: StartToDoneSize,
): Promise<Measured<number>> {
  const times = empty<number>();
  const inTime = timeLimit(seconds.sequential);
  for (let round = 0; round < sequential && inTime(); round += 1)
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const name = WAYS[(round + turn) % WAYS.length] ?? "bare";
      const begun = performance.now();
      await ways[name]();
      times[name].push(performance.now() - begun);
    }
  return times;
}

async function inBlocks(
  ways: Record<WayName, Way>,
  processes: Processes,
  { blocks, runsPerBlock, concurrency, seconds }: StartToDoneSize,
): Promise<Measured<Block>> {
  const found = empty<Block>();
  const inTime = timeLimit(seconds.blocks);
  for (let round = 0; round < blocks && inTime(); round += 1)
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const name = WAYS[(round + turn) % WAYS.length] ?? "bare";
      const before = await processorMs(processes);
      const begun = performance.now();
      await atOnce(ways[name], runsPerBlock, concurrency);
      const took = (performance.now() - begun) / 1000;
      const after = await processorMs(processes);
      const perRun = ([part, used]: [string, number]) => [part, (used - (before[part] ?? 0)) / runsPerBlock] as const;
      const processor = Object.fromEntries(Object.entries(after).map(perRun));
      found[name].push({ perSecond: runsPerBlock / took, processor });
    }
  return found;
}

function timeLimit(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() < end;
}

async function atOnce(way: Way, runs: number, concurrency: number): Promise<void> {
  let left = runs;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await way();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

function empty<T>(): Measured<T> {
  return { bare: [], bareLocal: [], ours: [], oursShort: [], http: [], httpShort: [] };
}

function activitySection(times: Measured<number>, blocks: Measured<Block>, size: StartToDoneSize): Section {
  return {
    title: "Start to done, three activities",
    rows: [
      { ...latency(times, "ours", 0.5, "bare"), aim: { kind: "at most", value: 1.15 } },
      latency(times, "ours", 0.95, "bare"),
      { ...throughput(blocks, "ours", "bare"), aim: { kind: "at least", value: 0.9 } },
    ],
    notes: [
      "both are started from one Temporal client, so the server's dispatch is in neither",
      `${times.ours.length} runs of each one after the other, ${blocks.ours.length} times ${size.runsPerBlock} at ${size.concurrency} at once`,
      ...(["bare", "ours"] as const).map((name) => processorNote(blocks, name)),
    ],
  };
}

function shortSection(times: Measured<number>, blocks: Measured<Block>): Section {
  return {
    title: "Start to done, the same marked `short` (local activities)",
    rows: [
      { ...latency(times, "oursShort", 0.5, "bare"), aim: { kind: "at most", value: 0.5 } },
      latency(times, "oursShort", 0.95, "bare"),
      throughput(blocks, "oursShort", "bare"),
      latency(times, "oursShort", 0.5, "bareLocal"),
      throughput(blocks, "oursShort", "bareLocal"),
    ],
    notes: [
      "no eager start: the server starts tasks in another process than the host, and Temporal hands an eagerly started workflow only to the process that starts it",
      ...(["bareLocal", "oursShort"] as const).map((name) => processorNote(blocks, name)),
    ],
  };
}

function doorSection(times: Measured<number>, blocks: Measured<Block>): Section {
  return {
    title: "Through the front door: checked, recorded, audited, started, told by the event stream",
    rows: [
      latency(times, "http", 0.5, "bare"),
      latency(times, "http", 0.95, "bare"),
      throughput(blocks, "http", "bare"),
      latency(times, "httpShort", 0.5, "bare"),
      throughput(blocks, "httpShort", "bare"),
    ],
    notes: (["http", "httpShort"] as const).map((name) => processorNote(blocks, name)),
  };
}

function latency(times: Measured<number>, name: WayName, share: number, against: WayName): Row {
  return {
    what: `${LABEL[name]}, p${share * 100}`,
    measured: quantile(times[name], share),
    unit: "ms",
    against: { what: LABEL[against], measured: quantile(times[against], share) },
  };
}

function throughput(blocks: Measured<Block>, name: WayName, against: WayName): Row {
  const of = (which: WayName) => median(blocks[which].map(({ perSecond }) => perSecond));
  return {
    what: `${LABEL[name]}, throughput`,
    measured: of(name),
    unit: "runs/s",
    against: { what: LABEL[against], measured: of(against) },
  };
}

/** Milliseconds of processor that a run took under load, by process; those that took none are left out. */
function processorNote(blocks: Measured<Block>, name: WayName): string {
  const parts = Object.keys(blocks[name][0]?.processor ?? {});
  const each = parts
    .map((part) => [part, median(blocks[name].map(({ processor }) => processor[part] ?? 0))] as const)
    .filter(([, used]) => used >= 0.5)
    .map(([part, used]) => `${part} ${used.toFixed(1)}`);
  return `processor ms a run, ${LABEL[name]}: ${each.join(", ")}`;
}
