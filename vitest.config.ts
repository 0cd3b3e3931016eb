import { configDefaults, defineConfig } from "vitest/config";

/** A whole platform for each file, from the built programs. */
const SYSTEM = ["test/system/**/*.test.ts", "test/package/**/*.test.ts", "test/cli/{run,up}.test.ts"];
/** A real Postgres or Temporal for each file, or processes that are killed. */
const SERVICES = [
  "packages/server/src/{engine,http,schedule,store,task}/**/*.test.ts",
  "packages/server/src/{main,start}.test.ts",
  "packages/worker/src/**/*.test.ts",
  "packages/cli/src/embedded/**/*.test.ts",
  "test/cli/**/*.test.ts",
  "test/conformance/**/*.test.ts",
];
/** Nothing but this process. */
const UNIT = ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"];

const groups = [
  { name: "unit", include: UNIT, exclude: [...SERVICES, ...SYSTEM], pool: "threads", isolate: false },
  { name: "services", include: SERVICES, exclude: SYSTEM, pool: "forks", maxWorkers: 3 },
  { name: "system", include: SYSTEM, exclude: [], pool: "forks", maxWorkers: 3 },
] as const;

/** The groups run one after the other: what waits for processes would time out beside what keeps every core busy. */
export default defineConfig({
  test: {
    projects: groups.map(({ include, exclude, ...group }, groupOrder) => ({
      test: {
        ...group,
        include: [...include],
        exclude: [...configDefaults.exclude, ...exclude],
        sequence: { groupOrder },
        globalSetup: group.name === "unit" ? [] : ["test/support/find-temporal.ts", "test/support/find-python.ts"],
        testTimeout: 60_000,
        hookTimeout: 120_000,
        // A condition is waited for as long as the test may take: the second that is the default is over soon on a busy machine.
        expect: { poll: { timeout: 30_000 } },
      },
    })),
  },
});
