import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readBundle } from "@ntro/bundle";
import { sql } from "kysely";
import { nudgeWorkers } from "../../packages/server/src/store/events";
import { ROOT } from "../../test/system/platform";
import { descendants } from "../process-cost";
import { median, quantile } from "../quantiles";
import type { Section } from "../result";
import type { TenantsPlatform } from "./tenants-platform";

/** A runbook with a review in either language; a class of Python has the name of its slug, so the TypeScript one takes another. */
const LANGUAGES = { typescript: "check-lines", python: "review-lines" } as const;
type Language = keyof typeof LANGUAGES;

/** How long the question what a task waits for takes while the tenant's hosts sleep, beside the same while they run; each time another task. */
export async function measureWake(platform: TenantsPlatform, times: number): Promise<Section> {
  const rows = [];
  for (const language of ["typescript", "python"] as const) {
    const workflowId = await deploy(platform, language);
    const tasks: string[] = [];
    for (let task = 0; task <= times; task += 1) tasks.push(await waiting(platform, workflowId));
    const [first = "", ...others] = tasks;
    const cold: number[] = [];
    const warm: number[] = [];
    for (const task of others) {
      await fallAsleep(platform);
      cold.push(await ask(platform, task));
      warm.push(await ask(platform, first));
    }
    const what = `asking a task of a sleeping tenant what it waits for, ${language === "python" ? "Python" : "TypeScript"}`;
    const row = (share: number) => ({
      what: `${what}, p${share * 100}`,
      measured: quantile(cold, share),
      unit: "ms" as const,
      against: { what: "awake", measured: median(warm) },
    });
    rows.push(row(0.5), row(0.95));
  }
  return { title: "A sleeping tenant wakes", rows, notes: [`${times} times each, every time another task`] };
}

/** Milliseconds until a task has said that it waits for a review; asked again where a busy machine takes longer to start a host than a request waits. */
async function ask({ api }: TenantsPlatform, id: string): Promise<number> {
  const begun = performance.now();
  while ((await api.call("tasks.nextStep", { params: { id } })).action !== "review");
  return performance.now() - begun;
}

async function deploy({ api, tenants }: TenantsPlatform, language: Language): Promise<string> {
  const read = await readBundle(join(ROOT, "test/fixtures", language, "review-lines"));
  if (read.status === "faulty") throw new Error(`The runbook is faulty: ${JSON.stringify(read.faults)}`);
  const slug = LANGUAGES[language];
  const files = Object.fromEntries(read.bundle.files);
  const about = (files["runbook.md"] ?? "").replace(/^slug: .*$/m, `slug: ${slug}`);
  const { version } = read.bundle.manifest;
  const { deployment } = await api.call("runbooks.deploy", {
    params: { slug },
    query: { wait: 25 },
    body: { tenantSlug: tenants[0]?.slug ?? "", version, files: { ...files, "runbook.md": about } },
  });
  if (deployment.status !== "ready") throw new Error(`The deployment is ${deployment.status}.`);
  const body = { runbookSlug: slug, entityId: tenants[0]?.entityId ?? "" };
  return (await api.call("workflows.put", { body })).workflow.id;
}

/** A task that waits at its gate. */
async function waiting({ api, tenants }: TenantsPlatform, workflowId: string): Promise<string> {
  const body = { tenantId: tenants[0]?.id ?? "", entityId: tenants[0]?.entityId ?? "", workflowId, context: {} };
  const { id } = await api.call("tasks.create", { body });
  while ((await api.call("tasks.get", { params: { id } })).status !== "BLOCKED") await delay(50);
  return id;
}

/** As if the idle time had passed: resolves when no host runs any more. */
async function fallAsleep(platform: TenantsPlatform): Promise<void> {
  const { db } = platform;
  for (;;) {
    await sql`update events set at = at - interval '1 day'`.execute(db);
    await sql`update tenants set awake_at = null`.execute(db);
    await nudgeWorkers(db);
    if ((await descendants(platform.pid("worker"))).length === 0) return;
    await delay(200);
  }
}
