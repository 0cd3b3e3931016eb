/**
 * Start to done of a workflow with three activities that do nothing, under the multiplexer and under a bare Temporal
 * worker on the same server, by turns: `node --import tsx bench/mux-latency.ts [rounds]`.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { bundleWorkflowCode, DefaultLogger, Worker } from "@temporalio/worker";
import { Catalogue, type MuxFixture, runWorker, startFixture } from "../packages/worker/src/host/mux/testing/fixture";

const ROUNDS = Number(process.argv[2] ?? 100);
const WARM_UP = 30;
const TYPE = "noop";

const CALLS = `const { first, second, third } = proxyActivities({ startToCloseTimeout: "10s" });`;
const BODY = `async function noop() { await first(1); await second(2); await third(3); return "done"; }`;
const FOR_BARE = `import { proxyActivities } from "@temporalio/workflow";\n${CALLS}\nexport ${BODY}`;
const FOR_MUX = `const { proxyActivities } = require("@temporalio/workflow");\n${CALLS}\nexports.default = ${BODY};`;

async function bareWorker(fixture: MuxFixture, taskQueue: string): Promise<{ stop(): Promise<void> }> {
  const folder = await mkdtemp(join(process.cwd(), "node_modules", ".cache", "ntro-bench-"));
  const workflowsPath = join(folder, "workflows.js");
  await writeFile(workflowsPath, FOR_BARE);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("ERROR") });
  const echo = async (value: unknown): Promise<unknown> => value;
  const worker = await Worker.create({
    connection: fixture.connection,
    namespace: "default",
    taskQueue,
    workflowBundle: { code },
    activities: { first: echo, second: echo, third: echo },
  });
  const done = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await done;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function main(fixture: MuxFixture): Promise<void> {
  const catalogue = new Catalogue(fixture.prelude).put(TYPE, FOR_MUX);
  const mux = await runWorker(fixture, catalogue, { warmPrelude: fixture.prelude });
  const bareQueue = `bare-${crypto.randomUUID()}`;
  const bare = await bareWorker(fixture, bareQueue);
  const run = async (taskQueue: string): Promise<number> => {
    const begun = performance.now();
    await fixture.client.workflow.execute(TYPE, { taskQueue, workflowId: crypto.randomUUID() });
    return performance.now() - begun;
  };
  const times = { mux: [] as number[], bare: [] as number[] };
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    // By turns, and who goes first by turns too, so that neither profits from the other's warm server.
    const order = round % 2 === 0 ? (["mux", "bare"] as const) : (["bare", "mux"] as const);
    for (const side of order) {
      const took = await run(side === "mux" ? mux.taskQueue : bareQueue);
      if (round >= WARM_UP) times[side].push(took);
    }
  }
  const figures = (values: number[]): { min: number; median: number; p95: number } => {
    values.sort((a, b) => a - b);
    const at = (share: number): number => values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;
    return { min: at(0), median: at(0.5), p95: at(0.95) };
  };
  const [a, b] = [figures(times.mux), figures(times.bare)];
  for (const [name, f] of [
    ["mux ", a],
    ["bare", b],
  ] as const) {
    console.log(`${name}  min ${f.min.toFixed(1)} ms, median ${f.median.toFixed(1)} ms, p95 ${f.p95.toFixed(1)} ms`);
  }
  console.log(
    `mux / bare: min ${(a.min / b.min).toFixed(2)}, median ${(a.median / b.median).toFixed(2)} (${ROUNDS} rounds)`,
  );
  await mux.stop();
  await bare.stop();
}

const fixture = await startFixture();
try {
  await main(fixture);
} finally {
  await fixture.stop();
}
