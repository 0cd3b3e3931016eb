import { type Processes, processorMs } from "./process-cost";
import { median, quantile } from "./quantiles";
import type { Row } from "./result";

/** How much is measured. */
export interface Size {
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

/** One way to do the same work: `run` resolves when it is done. */
export interface Way {
  readonly label: string;
  readonly run: () => Promise<unknown>;
}

/** Throughput of one block and what it took of each process, in milliseconds a run. */
interface Block {
  readonly perSecond: number;
  readonly processor: Record<string, number>;
}

/** What was measured of several ways, each in turn with the others, and the rows of a report that come of it. */
export class ByTurns<Name extends string> {
  readonly #times = new Map<Name, number[]>();
  readonly #blocks = new Map<Name, Block[]>();

  private constructor(
    private readonly ways: Readonly<Record<Name, Way>>,
    private readonly names: readonly Name[],
    private readonly size: Size,
  ) {
    for (const name of names) {
      this.#times.set(name, []);
      this.#blocks.set(name, []);
    }
  }

  /** Runs every way: to warm up, one after the other, then many at once. `processes` are those whose cost is told. */
  static async measure<Name extends string>(
    ways: Readonly<Record<Name, Way>>,
    names: readonly Name[],
    processes: Processes,
    size: Size,
  ): Promise<ByTurns<Name>> {
    const measured = new ByTurns(ways, names, size);
    for (let round = 0; round < size.warmUp; round += 1) for (const name of names) await ways[name].run();
    await measured.#oneByOne();
    await measured.#inBlocks(processes);
    return measured;
  }

  /** A share of the runs took at most so long, against another way. */
  latency(name: Name, share: number, against: Name): Row {
    return {
      what: `${this.ways[name].label}, p${share * 100}`,
      measured: quantile(this.#timesOf(name), share),
      unit: "ms",
      against: { what: this.ways[against].label, measured: quantile(this.#timesOf(against), share) },
    };
  }

  throughput(name: Name, against: Name): Row {
    const of = (which: Name) => median(this.#blocksOf(which).map(({ perSecond }) => perSecond));
    return {
      what: `${this.ways[name].label}, throughput`,
      measured: of(name),
      unit: "runs/s",
      against: { what: this.ways[against].label, measured: of(against) },
    };
  }

  /** How many runs the rows of this way come from. */
  countNote(name: Name): string {
    const { runsPerBlock, concurrency } = this.size;
    return `${this.#timesOf(name).length} runs of each one after the other, ${this.#blocksOf(name).length} times ${runsPerBlock} at ${concurrency} at once`;
  }

  /** Milliseconds of processor that a run took under load, by process; those that took none are left out. */
  processorNote(name: Name): string {
    const blocks = this.#blocksOf(name);
    const each = Object.keys(blocks[0]?.processor ?? {})
      .map((part) => [part, median(blocks.map(({ processor }) => processor[part] ?? 0))] as const)
      .filter(([, used]) => used >= 0.5)
      .map(([part, used]) => `${part} ${used.toFixed(1)}`);
    return `processor ms a run, ${this.ways[name].label}: ${each.join(", ")}`;
  }

  /** Every way in turn, beginning with another one each round, so that what the machine does meanwhile meets all of them. */
  #turns(round: number): Name[] {
    return this.names.map((_, turn) => this.names[(round + turn) % this.names.length] as Name);
  }

  async #oneByOne(): Promise<void> {
    const inTime = timeLimit(this.size.seconds.sequential);
    for (let round = 0; round < this.size.sequential && inTime(); round += 1)
      for (const name of this.#turns(round)) {
        const begun = performance.now();
        await this.ways[name].run();
        this.#timesOf(name).push(performance.now() - begun);
      }
  }

  async #inBlocks(processes: Processes): Promise<void> {
    const { blocks, runsPerBlock, concurrency, seconds } = this.size;
    const inTime = timeLimit(seconds.blocks);
    for (let round = 0; round < blocks && inTime(); round += 1)
      for (const name of this.#turns(round)) {
        const before = await processorMs(processes);
        const begun = performance.now();
        await atOnce(this.ways[name].run, runsPerBlock, concurrency);
        const took = (performance.now() - begun) / 1000;
        const after = await processorMs(processes);
        const perRun = ([part, used]: [string, number]) => [part, (used - (before[part] ?? 0)) / runsPerBlock] as const;
        const processor = Object.fromEntries(Object.entries(after).map(perRun));
        this.#blocksOf(name).push({ perSecond: runsPerBlock / took, processor });
      }
  }

  #timesOf(name: Name): number[] {
    return this.#times.get(name) ?? [];
  }

  #blocksOf(name: Name): Block[] {
    return this.#blocks.get(name) ?? [];
  }
}

function timeLimit(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() < end;
}

async function atOnce(run: Way["run"], runs: number, concurrency: number): Promise<void> {
  let left = runs;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
