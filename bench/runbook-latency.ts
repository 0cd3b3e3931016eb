/**
 * Start to done of a runbook with three activities that do nothing, and of a bare Temporal workflow with the same three, by turns:
 * `node --import tsx bench/runbook-latency.ts [rounds]`. Also what the host is told, and the same with short activities.
 */
import { performance } from "node:perf_hooks";
import { buildPrelude, type Prelude } from "../packages/worker/src/host/mux";
import { Catalogue, type MuxFixture, runWorker, startFixture } from "../packages/worker/src/host/mux/testing/fixture";

const ROUNDS = Number(process.argv[2] ?? 100);
const WARM_UP = 20;

const BARE = `
const { proxyActivities } = require("@temporalio/workflow");
const { first, second, third } = proxyActivities({ startToCloseTimeout: "10s" });
exports.default = async () => { await first(1); await second(2); await third(3); return "done"; };`;

const runbookText = (policy: string): string => `
const { runbook } = require("@ntro/runbook");
const z = require("zod");
const activity = { kind: "ntro.activity", policy: ${policy} };
exports.default = runbook({
  input: z.object({ period: z.string() }),
  output: z.string(),
  activities: { first: activity, second: activity, third: activity },
  steps: { one: ["One"], two: ["Two"], three: ["Three"] },
  async run({ step }) {
    await step.one(({ act }) => act.first({}));
    await step.two(({ act }) => act.second({}));
    await step.three(({ act }) => act.third({}));
    return "done";
  },
});`;

const INPUT = {
  period: "2026-03",
  tenant_id: "t",
  tenant_slug: "acme",
  entity_id: "e",
  entity_slug: "fund",
  task_id: "task",
  config: {},
};

async function main(fixture: MuxFixture, prelude: Prelude): Promise<void> {
  const catalogue = new Catalogue(prelude)
    .put("bare", BARE)
    .put("runbook", runbookText("{}"))
    .put("short", runbookText("{ short: true }"));
  let reports = 0;
  const count = (): void => {
    reports += 1;
  };
  const { taskQueue, stop } = await runWorker(fixture, catalogue, {
    warmPrelude: prelude,
    sinks: { ntro: { report: { fn: count, callDuringReplay: false } } },
  });
  const run = async (type: string): Promise<number> => {
    const begun = performance.now();
    await fixture.client.workflow.execute(type, { taskQueue, workflowId: crypto.randomUUID(), args: [INPUT] });
    return performance.now() - begun;
  };
  const types = ["bare", "runbook", "short"];
  const times: Record<string, number[]> = { bare: [], runbook: [], short: [] };
  const told: Record<string, number> = {};
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (let turn = 0; turn < types.length; turn += 1) {
      const type = types[(round + turn) % types.length] ?? "";
      reports = 0;
      const took = await run(type);
      if (round < WARM_UP) continue;
      times[type]?.push(took);
      told[type] = reports;
    }
  }
  for (const type of types) {
    const values = times[type] ?? [];
    values.sort((a, b) => a - b);
    const at = (share: number): string => (values[Math.floor(values.length * share)] ?? 0).toFixed(1);
    console.log(
      `${type.padEnd(8)} min ${at(0)} ms, median ${at(0.5)} ms, p95 ${at(0.95)} ms, ${told[type]} state reports each`,
    );
  }
  await stop();
}

const fixture = await startFixture();
try {
  await main(fixture, await buildPrelude());
} finally {
  await fixture.stop();
}
