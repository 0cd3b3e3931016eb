import { LEGS, RELAYS, type Relay, type Slug } from "./bundles";

/** Parts that are killed; `ntro up` and the worker bring them back. */
const VICTIMS = ["server", "worker", "host", "python-host", "temporal", "postgres"] as const;

/** What a person decides at a task's own gate. */
export type Decision =
  | { readonly type: "approved"; readonly amount: string }
  | { readonly type: "rejected"; readonly reason: string };

interface Start {
  readonly kind: "start";
  readonly relay: Relay;
  /** How often its first posting fails. */
  readonly failures: number;
  /** Milliseconds before it asks. */
  readonly pause: number;
  /** Whether its children ask, too. */
  readonly ask: boolean;
  /** Several are given at once, and one of them counts. */
  readonly decisions: readonly Decision[];
  /** Milliseconds from when somebody sees a gate until it is decided. */
  readonly thinking: number;
}

interface Deploy {
  readonly kind: "deploy";
  readonly slug: Slug;
  /** Other content under the version that is there, instead of a new version. */
  readonly sameVersion: boolean;
}

interface Strike {
  readonly kind: "strike";
  readonly victim: (typeof VICTIMS)[number];
}

/** Something that happens `at` milliseconds from the beginning. */
export type Action = { readonly at: number } & (Start | Deploy | Strike);
export type StartAction = Extract<Action, { kind: "start" }>;

/** Within these milliseconds tasks are started and revisions deployed. */
const BUSY_MS = 5_000;
/** Within these parts are killed. */
export const DANGEROUS_MS = 8_000;

/** Everything that a seed makes happen, in order: the same for the same seed. */
export function scheduleOf(seed: number): readonly Action[] {
  const chance = new Chance(seed);
  const starts = [...RELAYS, ...times(chance.between(2, 4), () => chance.of(RELAYS))].map((relay) =>
    startOf(chance, relay),
  );
  const deploys = times(
    chance.between(2, 4),
    (): Action => ({
      kind: "deploy",
      at: chance.between(0, BUSY_MS),
      slug: chance.of([...RELAYS, ...LEGS]),
      sameVersion: chance.isTrue(0.5),
    }),
  );
  const strikes = times(
    chance.between(3, 6),
    (): Action => ({
      kind: "strike",
      at: chance.between(0, DANGEROUS_MS),
      victim: chance.of(VICTIMS),
    }),
  );
  return [...starts, ...deploys, ...strikes].sort((a, b) => a.at - b.at);
}

function startOf(chance: Chance, relay: Relay): Action {
  const decide = (): Decision =>
    chance.isTrue(0.25)
      ? { type: "rejected", reason: `because of ${chance.between(1, 1_000_000)}` }
      : { type: "approved", amount: String(chance.between(2, 1_000_000)) };
  return {
    kind: "start",
    at: chance.between(0, BUSY_MS),
    relay,
    failures: chance.between(0, 2),
    pause: chance.isTrue(0.5) ? chance.between(1, 3_000) : 0,
    ask: chance.isTrue(0.4),
    decisions: times(chance.isTrue(0.3) ? 2 : 1, decide),
    thinking: chance.between(0, 2_000),
  };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** Numbers that look random and follow from a seed (mulberry32). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 up to 1. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number; both ends may come. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  of<T>(choices: readonly [T, ...T[]] | readonly T[]): T {
    const chosen = choices[this.between(0, choices.length - 1)];
    if (chosen === undefined) throw new Error("there is nothing to choose from");
    return chosen;
  }

  isTrue(probability: number): boolean {
    return this.#next() < probability;
  }
}
