import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A condition is waited for as long as the test may take: the second that is the default is over soon on a busy machine.
    expect: { poll: { timeout: 30_000 } },
  },
});
