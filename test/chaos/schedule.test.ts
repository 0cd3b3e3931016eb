import { expect, it } from "vitest";
import { scheduleOf } from "./schedule";

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

it("follows from the seed alone", () => {
  for (const seed of SEEDS) expect(scheduleOf(seed)).toEqual(scheduleOf(seed));
  expect(new Set(SEEDS.map((seed) => JSON.stringify(scheduleOf(seed)))).size).toBe(SEEDS.length);
});

it("has tasks of both languages, deploys and strikes in every seed, in order of time", () => {
  for (const seed of SEEDS) {
    const actions = scheduleOf(seed);
    const relays = new Set(actions.flatMap((action) => (action.kind === "start" ? action.relay : [])));
    expect(relays).toEqual(new Set(["relay-ts", "relay-py"]));
    expect(new Set(actions.map(({ kind }) => kind))).toEqual(new Set(["start", "deploy", "strike"]));
    expect(actions).toEqual([...actions].sort((a, b) => a.at - b.at));
  }
});

it("strikes every part in some seed", () => {
  const victims = SEEDS.flatMap(scheduleOf).flatMap((action) => (action.kind === "strike" ? action.victim : []));
  expect([...new Set(victims)].sort()).toEqual(["host", "postgres", "python-host", "server", "temporal", "worker"]);
});
