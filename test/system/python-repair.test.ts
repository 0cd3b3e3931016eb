import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Repair, Task } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { makeWheel } from "../../packages/worker/src/python/packages.testing";
import { Bundles, type Files } from "./bad-input/bundles";
import { createAcme, PLACE, Platform, ROOT } from "./platform";
import { removeEnvironments } from "./python-bundles";

/** A Python task whose code trips over what a person gave, and is repaired while it is in flight. */
const platform = new Platform();
const bundles = new Bundles();
const wheels = mkdtempSync(join(tmpdir(), "ntro-python-repair-"));
const SLUG = "book-fee";
/** Nobody else's, so that its environment is no task's here. */
const OTHER = `bark-${process.pid}`;

const FIXTURE = join(ROOT, "test/fixtures/python", SLUG);
const text = (path: string) => readFileSync(join(FIXTURE, path), "utf8");
const WORKFLOW = text("templates/workflow.py");
const STRICT = "return Fee.model_validate({**row, **changes})";
const LENIENT = 'return Fee.model_validate({**row, "amount": str(changes["amount"]).lstrip("-")})';

beforeAll(async () => {
  makeWheel(wheels, OTHER, "1.0");
  vi.stubEnv("PIP_FIND_LINKS", wheels);
  vi.stubEnv("PIP_NO_INDEX", "1");
  await platform.up();
  await createAcme(platform);
});
afterAll(async () => {
  await platform.remove();
  bundles.remove();
  rmSync(wheels, { recursive: true, force: true });
  removeEnvironments([`${OTHER}==1.0`]);
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

/** Deploys a version of the runbook, with some files changed. */
async function deploy(version: string, changed: Files = {}): Promise<void> {
  const path = bundles.write(SLUG, {
    "templates/workflow.ts": null,
    "templates/activities.ts": null,
    "templates/workflow.py": WORKFLOW,
    "templates/models.py": text("templates/models.py"),
    "runbook.md": text("runbook.md").replace("version: 1.0.0", `version: ${version}`),
    "templates/activities.py": text("templates/activities.py").replace('"1.0.0"', `"${version}"`),
    ...changed,
  });
  const ran = await platform.ntro("workflow", "create", "--path", path, ...PLACE);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
}

/** Where a statement stands in the fixture's workflow, or what it was changed to. */
const lineOf = (workflow: string, statement: string) =>
  workflow.split("\n").findIndex((line) => line.includes(statement)) + 1;

it("goes on with corrected code, which gets the decision that the old one refused, once", {
  timeout: 180_000,
}, async () => {
  await deploy("1.0.0");
  const { id } = await platform.json<Task>("workflow", "run", SLUG, ...PLACE);
  await platform.waitForEvent(id, ({ type }) => type === "task.gate_opened");
  const refused = platform.ntro("run", "approve", id, "--correct", "1=amount=-1250.50");

  // What differs before the gate does not fit; what lives elsewhere cannot be gone on with.
  const other = WORKFLOW.replace(
    'await self._check(Fee(id="fee", amount=ctx.amount))',
    'Fee(id="fee", amount=ctx.amount)',
  );
  await deploy("1.2.0", { "templates/workflow.py": other });
  await deploy("1.3.0", { "templates/requirements.txt": `${OTHER}==1.0\n` });
  await platform.waitForEvent(id, ({ type }) => type === "task.code_failing");
  const failing = await platform.json<Task>("run", "status", id);
  expect(failing).toMatchObject({ status: "BLOCKED", failure: { type: "CodeFailing" } });
  expect(failing.failure?.message).toContain(`(templates/workflow.py:${lineOf(WORKFLOW, STRICT)})`);

  const unfit = await platform.ntro("run", "repair", id, "--to", "1.2.0");
  expect(unfit).toMatchObject({ code: 1 });
  const place = `templates/workflow.py:${lineOf(other, "answer = await self.wait_for_action")}`;
  for (const part of ["ActivityTaskScheduled", "Check fee (check)", place, "wait_for_action"])
    expect(unfit.stdout + unfit.stderr).toContain(part);
  const elsewhere = await platform.ntro("run", "repair", id, "--to", "1.3.0");
  expect(elsewhere).toMatchObject({ code: 1 });
  expect(elsewhere.stderr).toContain("requirements.txt");
  expect(await platform.json<Task>("run", "status", id)).toMatchObject({ status: "BLOCKED", runbookVersion: "1.0.0" });

  await deploy("1.0.1", { "templates/workflow.py": WORKFLOW.replace(STRICT, LENIENT) });
  const repair = await platform.json<Repair>(
    "run",
    "repair",
    id,
    "--to",
    "1.0.1",
    "--reason",
    "A fee may be typed as a deduction",
  );
  expect(repair).toMatchObject({ status: "applied", checks: [{ status: "fits" }] });
  await platform.waitForEvent(id, ({ type }) => type === "task.completed");
  const done = await platform.json<Task>("run", "status", id);
  expect(done).toMatchObject({ status: "COMPLETED", runbookVersion: "1.0.0" });
  expect(done.result).toEqual({ amount: "1250.50", by: "1.0.1", answers: 1 });
  const types: string[] = [];
  await platform.waitForEvent(id, ({ type }) => types.push(type) > 0 && type === "task.completed");
  expect(types.filter((type) => type === "task.decided")).toHaveLength(1);
  expect(types.filter((type) => type === "task.repaired")).toHaveLength(1);
  await refused;
});
