import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPrelude } from "./build-prelude";
import type { Prelude } from "./revision";
import { assertSdkShape } from "./sdk-worker";
import { selfTestThread } from "./self-test";
import { type BuiltThreadScript, buildThreadScript } from "./testing/thread-script";
import { WorkflowThread } from "./thread-client";

const sdkDir = join(dirname(fileURLToPath(import.meta.url)), "testing", "sdk");
let script: BuiltThreadScript;
let prelude: Prelude;

beforeAll(async () => {
  [script, prelude] = await Promise.all([buildThreadScript(), buildPrelude({ sdkDir })]);
});

afterAll(async () => {
  await script.remove();
});

async function testWith(candidate: Prelude): Promise<void> {
  const settings = { executionTimeoutMs: 5000, activityNames: ["default"], stacks: false, maxRevisions: 10 };
  const thread = new WorkflowThread({ script: script.path, settings, heapMb: 256, onDeath: () => undefined });
  try {
    await selfTestThread(thread, candidate);
  } finally {
    await thread.stop();
  }
}

test("passes with the installed SDK", async () => {
  expect(() => assertSdkShape()).not.toThrow();
  await testWith(prelude);
});

test("says what is wrong with a prelude that does not fit", async () => {
  const api = { digest: "0".repeat(64), code: "var __TEMPORAL__ = { api: { initRuntime() {} } };" };
  await expect(testWith(api)).rejects.toThrow(/self-test: .*__TEMPORAL__\.api lacks initialize, activate/);
  const empty = { digest: "1".repeat(64), code: "var nothing = 1;" };
  await expect(testWith(empty)).rejects.toThrow(/self-test/);
  const broken = { digest: "2".repeat(64), code: prelude.code.replace("importWorkflows", "importNothing") };
  await expect(testWith(broken)).rejects.toThrow(/self-test/);
});

test("builds the same prelude from the same sources", async () => {
  expect((await buildPrelude({ sdkDir })).digest).toBe(prelude.digest);
});
