import { setTimeout as delay } from "node:timers/promises";
import { createAcme, Platform } from "../system/platform";
import { problemsOf } from "./checks";
import { Deploys } from "./deploys";
import { readFacts } from "./facts";
import { runSeed, type SeedRun } from "./run-seed";
import { DANGEROUS_MS } from "./schedule";

/** How long the platform may take, once everybody has their answers, until all places agree; in milliseconds. Sweeps that make up for what was lost run every minute. */
const SETTLE_MS = 100_000;

/** What came of a seed. */
interface Outcome {
  readonly seed: number;
  readonly tasks: number;
  /** What was wrong in the end, one line each; empty when all was well. */
  readonly problems: readonly string[];
}

/** What came of a round of seeds. */
export interface Round {
  readonly outcomes: readonly Outcome[];
  /** Milliseconds from when the last task had ended until all places agreed, and what the last disagreement was. */
  readonly settled: { readonly milliseconds: number; readonly lastly: string | undefined };
}

/** A platform that is put through seeds. */
export class Chaos {
  readonly platform = new Platform();
  readonly #deploys = new Deploys(this.platform);
  #tasks = 0;

  /** Starts it and deploys the first revisions. */
  async begin(): Promise<void> {
    await this.platform.up();
    await createAcme(this.platform);
    await this.#deploys.begin();
  }

  /** Does all that follows from some seeds, each as soon as the one before it kills nothing more, and looks what was wrong afterwards. Bounded. */
  async round(seeds: readonly number[]): Promise<Round> {
    const runs = await Promise.all(
      seeds.map(async (seed, index) => {
        await delay(index * DANGEROUS_MS);
        return { seed, run: await runSeed(this.platform, this.#deploys, seed) };
      }),
    );
    for (const { run } of runs) this.#tasks += run.tasks.length;
    const begun = Date.now();
    let lastly: string | undefined;
    for (;;) {
      const problems = await this.#look(runs.map(({ run }) => run));
      const milliseconds = Date.now() - begun;
      const problem = problems.flat()[0];
      if (problem !== undefined && milliseconds < SETTLE_MS) {
        lastly = problem;
        await delay(500);
        continue;
      }
      const outcomes = runs.map(({ seed, run }, index) => ({
        seed,
        tasks: run.tasks.length,
        problems: [...run.problems, ...(problems[index] ?? [])],
      }));
      return { outcomes, settled: { milliseconds, lastly } };
    }
  }

  /** What is wrong now, by run. What is no single run's is told of each. */
  async #look(runs: readonly SeedRun[]): Promise<string[][]> {
    const ids = runs.flatMap(({ tasks }) => tasks.map(({ id }) => id));
    const facts = await readFacts(this.platform, ids).catch(
      (error: unknown) => `it cannot be looked: ${String(error)}`,
    );
    if (typeof facts === "string") return runs.map(() => [facts]);
    const count = facts.tasks.length;
    const whole = count === this.#tasks ? [] : [`there are ${count} tasks, where ${this.#tasks} were accepted`];
    return runs.map(({ tasks }) => [
      ...whole,
      ...problemsOf(tasks, facts, (type, marks) => this.#deploys.wordOf(type, marks)),
    ]);
  }

  /** Stops it and leaves its folder, for somebody to look into. */
  async stop(): Promise<void> {
    await this.platform.ntro("down");
    this.#deploys.remove();
  }

  async remove(): Promise<void> {
    await this.platform.remove();
    this.#deploys.remove();
  }
}
