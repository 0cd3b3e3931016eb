import { parseArgs } from "node:util";
import { Chaos, type Round } from "../test/chaos/chaos";
import findPython from "../test/support/find-python";
import findTemporal from "../test/support/find-temporal";

/** Kills random parts of a platform while tasks run, are decided and re-deployed, and looks whether anything was lost or done twice: `test/chaos`. */
const USAGE = "usage: npm run chaos -- [--seeds <how many, default 20>] [--seed <the first, default 1>]";

/** So many seeds make a round, after which all is looked at. */
const SEEDS_PER_ROUND = 5;
/** So many rounds share a platform. */
const ROUNDS_PER_PLATFORM = 4;
/** From so many milliseconds on it is told what the platform took so long to agree about. */
const SLOW_MS = 20_000;

/** Goes through the seeds; gives those that failed. A platform on which one failed is stopped and left. */
async function runSeeds(first: number, count: number): Promise<number[]> {
  const failed: number[] = [];
  let chaos: Chaos | undefined;
  for (let round = 0; round * SEEDS_PER_ROUND < count; round++) {
    if (!chaos) {
      chaos = new Chaos();
      await chaos.begin();
    }
    const seeds = Array.from({ length: SEEDS_PER_ROUND }, (_, index) => first + round * SEEDS_PER_ROUND + index).filter(
      (seed) => seed < first + count,
    );
    const found = tell(await chaos.round(seeds), chaos.platform.home);
    failed.push(...found);
    if (found.length > 0) await chaos.stop();
    else if (round % ROUNDS_PER_PLATFORM === ROUNDS_PER_PLATFORM - 1) await chaos.remove();
    else continue;
    chaos = undefined;
  }
  await chaos?.remove();
  return failed;
}

/** Prints what came of a round, and gives the seeds that failed. */
function tell({ outcomes, settled }: Round, home: string): number[] {
  for (const { seed, tasks, problems } of outcomes) {
    console.log(`seed ${seed}: ${tasks} tasks, ${problems.length === 0 ? "all is well" : "FAILED"}`);
    for (const problem of problems) console.log(`  ${problem}`);
  }
  if (settled.milliseconds > SLOW_MS) console.log(`  settled after ${settled.milliseconds} ms: ${settled.lastly}`);
  const failed = outcomes.filter(({ problems }) => problems.length > 0).map(({ seed }) => seed);
  if (failed.length > 0) {
    console.log(`  again: npm run chaos -- --seed ${outcomes[0]?.seed} --seeds ${outcomes.length}`);
    console.log(`  what it left: ${home}`);
  }
  return failed;
}

const { values } = parseArgs({ options: { seeds: { type: "string" }, seed: { type: "string" } } });
const count = Number(values.seeds ?? 20);
const first = Number(values.seed ?? 1);
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(first)) {
  console.error(USAGE);
  process.exit(2);
}
await findTemporal();
findPython();
const failed = await runSeeds(first, count);
console.log(
  `${count - failed.length} of ${count} seeds are well${failed.length > 0 ? `; not ${failed.join(", ")}` : ""}`,
);
process.exit(failed.length > 0 ? 1 : 0);
