import { afterAll, beforeAll, expect, it } from "vitest";
import { Chaos } from "../chaos/chaos";

/** Five of the seeds that `npm run chaos` goes through. */
const SEEDS = [1, 2, 3, 4, 5];

const chaos = new Chaos();
beforeAll(() => chaos.begin());
afterAll(() => chaos.remove());

it("loses nothing and does nothing twice, whatever is killed when", { timeout: 480_000 }, async () => {
  const { outcomes } = await chaos.round(SEEDS);
  const failed = outcomes.filter(({ problems }) => problems.length > 0);
  expect(failed, chaos.platform.logs()).toEqual([]);
  expect(outcomes.map(({ seed }) => seed)).toEqual(SEEDS);
});
