import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type TestCli, testCli } from "../../packages/cli/src/testing/run-in-process";
import { LEGS, RelayBundles } from "../chaos/bundles";
import { createAcme, PLACE, Platform } from "./platform";

/** How often a TypeScript runbook is deployed; a Python one a quarter as often. */
const DEPLOYS = Number(process.env.NTRO_DEPLOYS || 20);
/** So many of them are typed; for the others the same commands run in this process, which is several times faster. */
const TYPED = 2;

const platform = new Platform();
const bundles = new RelayBundles();
let cli: TestCli;
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  cli = testCli({ NTRO_HOME: platform.home });
});
afterAll(async () => {
  cli.remove();
  bundles.remove();
  await platform.remove();
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

/** The revisions in order: new versions, each followed by other content under the same version. */
function revisions(count: number) {
  return Array.from({ length: count }, (_, index) => ({ word: `deploy-${index + 1}`, version: `1.0.${index >> 1}` }));
}

/** Which revision the next task of a workflow says that it was. */
async function nextRuns(workflowId: string): Promise<unknown> {
  const context = { task: "none", amount: "1", ask: false };
  const client = platform.client();
  const task = await client.call("tasks.create", { body: { tenantId: "acme-fund", workflowId, context } });
  await platform.waitForEvent(task.id, ({ type }) => type === "task.completed" || type === "task.failed");
  const { result, failure } = await client.call("tasks.get", { params: { id: task.id } });
  return failure ?? result;
}

describe.each(LEGS)("of %s", (slug) => {
  const count = Math.ceil(DEPLOYS / (slug === "leg-ts" ? 1 : 4));

  it(`${count} deploys are each followed by the first task after them, and a pinned workflow by none`, {
    timeout: 60_000 + count * 20_000,
  }, async () => {
    const create = ["workflow", "create", ...PLACE, "--path"];
    const pinned = `pinned-${slug}`;
    await platform.json(...create, bundles.write(slug, "0.9.0", "pinned"), "--name", pinned, "--pin");
    await platform.json(...create, bundles.write(slug, "0.9.1", "before"), "--name", slug);
    for (const [index, { word, version }] of revisions(count).entries()) {
      const line = [...create, bundles.write(slug, version, word), "--name", slug];
      const ran = index < TYPED ? await platform.ntro(...line) : await cli.run(line);
      expect(ran.stderr).toMatch(new RegExp(`ready +${slug}@${version.replaceAll(".", "\\.")}, it is current`));
      expect(await nextRuns(slug)).toEqual({ revision: word, posted: word });
      if (index % 5 === 0) expect(await nextRuns(pinned)).toEqual({ revision: "pinned", posted: "pinned" });
    }
  });
});
