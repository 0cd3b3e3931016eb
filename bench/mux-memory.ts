/**
 * What a further revision costs a worker that already runs others: `node --expose-gc --import tsx bench/mux-memory.ts
 * [revisions]`. Every revision is loaded into the workflow thread and run once, and stays loaded.
 */
import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Prelude, Revision } from "../packages/worker/src/host/mux";
import { type MuxFixture, runWorker, startFixture } from "../packages/worker/src/host/mux/testing/fixture";

const COUNT = Number(process.argv[2] ?? 200);
const MIB = 1024 * 1024;

/** About 20 KB of module text: schemas and functions, all different from one revision to the next. */
function moduleText(index: number): string {
  const parts = Array.from(
    { length: 60 },
    (_, part) => `
const Row${part} = z.object({ id: z.string(), amount: z.string().regex(/^-?\\d+/), note: z.string().optional(), r${index}: z.literal(${index}) });
function total${part}(rows) { let sum = ${index}; for (const row of rows) { sum += Number(row.amount) * ${part}; } return "total ${index}-${part}: " + sum; }`,
  );
  return `const z = require("zod");${parts.join("")}
exports.default = async () => [Row0, Row59].length + total7([{ amount: "1" }]);`;
}

function revision(index: number, prelude: Prelude): Revision {
  const workflow = moduleText(index);
  const digest = createHash("sha256").update(workflow).digest("hex").slice(0, 12);
  return { type: `bench-${index}@1.0.0+${digest}`, workflow, prelude };
}

interface Sample {
  readonly rss: number;
  readonly threadHeap: number;
}

async function main(fixture: MuxFixture): Promise<void> {
  const revisions = new Map<string, Revision>();
  for (let index = 0; index <= COUNT; index += 1) {
    const made = revision(index, fixture.prelude);
    revisions.set(made.type, made);
  }
  const load = async (type: string): Promise<Revision> => {
    const found = revisions.get(type);
    if (found === undefined) throw new Error(`No revision ${type}.`);
    return found;
  };
  const worker = await runWorker(
    fixture,
    { load },
    { warmPrelude: fixture.prelude, tuning: { maxCachedWorkflows: 10 } },
  );
  const sample = async (): Promise<Sample> => {
    globalThis.gc?.();
    const { threads } = await worker.mux.threadStatus();
    return { rss: process.memoryUsage().rss, threadHeap: threads[0]?.heapUsedBytes ?? 0 };
  };
  const runOnce = async (type: string): Promise<number> => {
    const begun = performance.now();
    await fixture.client.workflow.execute(type, { taskQueue: worker.taskQueue, workflowId: crypto.randomUUID() });
    return performance.now() - begun;
  };
  const [first, ...others] = [...revisions.keys()];
  if (first === undefined) return;
  // The same revision as often as there will be others, so that what executions leave behind is not laid at revisions' door.
  for (let round = 0; round < COUNT; round += 1) await runOnce(first);
  const before = await sample();
  const took: number[] = [];
  for (const type of others) took.push(await runOnce(type));
  const after = await sample();
  took.sort((a, b) => a - b);
  const each = (bytes: number): string => `${(bytes / MIB / COUNT).toFixed(3)} MiB`;
  const { threads } = await worker.mux.threadStatus();
  console.log(`${COUNT} further revisions of ${moduleText(1).length} characters`);
  console.log(`thread holds: ${JSON.stringify(threads)}`);
  console.log(
    `rss before ${(before.rss / MIB).toFixed(0)} MiB, after ${(after.rss / MIB).toFixed(0)} MiB: ${each(after.rss - before.rss)} each`,
  );
  console.log(
    `thread heap before ${(before.threadHeap / MIB).toFixed(1)} MiB: ${each(after.threadHeap - before.threadHeap)} each`,
  );
  console.log(`first run of a revision: min ${took[0]?.toFixed(1)} ms, median ${took[COUNT >> 1]?.toFixed(1)} ms`);
  await worker.stop();
}

const fixture = await startFixture();
try {
  await main(fixture);
} finally {
  await fixture.stop();
}
