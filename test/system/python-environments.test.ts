import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { makeWheel } from "../../packages/worker/src/python/packages.testing";
import { createAcme, PLACE, Platform, TENANT } from "./platform";
import { removeEnvironments } from "./python-bundles";

const platform = new Platform();
const folder = mkdtempSync(join(tmpdir(), "ntro-python-environments-"));
/** Nobody else's, so that its environment is not there yet. */
const OWN = `twig-${process.pid}`;
const MODULE = OWN.replace("-", "_");

const WORKFLOW = `from datetime import timedelta

from ntro.workflow import NtroWorkflow, runbook
from temporalio import workflow

from .activities import look

print("loaded")


@runbook.defn
class LookWorkflow(NtroWorkflow):
    @runbook.run
    async def run(self, context: dict) -> dict:
        return await workflow.execute_activity(look, start_to_close_timeout=timedelta(seconds=30))
`;
const ACTIVITIES = `import os
import sys

import ${MODULE}
from temporalio import activity


@activity.defn
async def look() -> dict:
    print("printed")
    sys.__stdout__.write("written\\n")
    return {"version": ${MODULE}.VERSION, "greeting": os.environ.get("GREETING"), "key": os.environ.get("ANTHROPIC_API_KEY")}
`;

beforeAll(async () => {
  makeWheel(join(folder, "wheels"), OWN, "1.0");
  makeWheel(join(folder, "wheels"), OWN, "2.0");
  // What a user has told pip holds for bundles too; and nothing else is asked.
  vi.stubEnv("PIP_FIND_LINKS", join(folder, "wheels"));
  vi.stubEnv("PIP_NO_INDEX", "1");
  vi.stubEnv("ANTHROPIC_API_KEY", "of the worker");
  await platform.up();
  await createAcme(platform);
});
afterAll(async () => {
  await platform.remove();
  rmSync(folder, { recursive: true, force: true });
  removeEnvironments([`${OWN}==1.0`, `${OWN}>=1`]);
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

/** The folder of a bundle that says what its activities find around them. */
function bundle(version: string, requirements: string): string {
  const dir = join(folder, version);
  mkdirSync(join(dir, "templates"), { recursive: true });
  writeFileSync(join(dir, "runbook.md"), `---\nslug: look\nname: Look\nversion: ${version}\n---\n\nLooks around.\n`);
  writeFileSync(join(dir, "templates/workflow.py"), WORKFLOW);
  writeFileSync(join(dir, "templates/activities.py"), ACTIVITIES);
  writeFileSync(join(dir, "templates/requirements.txt"), `${requirements}\n`);
  return dir;
}

/** What the current version finds. */
async function look(): Promise<unknown> {
  const started = await platform.ntro("workflow", "run", "look", ...PLACE, "--wait", "-o", "json");
  expect(started.code, started.stderr).toBe(0);
  return JSON.parse(started.stdout).result;
}

it("makes the packages of a bundle's requirements, and runs it with them and what the worker has for author code", async () => {
  const made = await platform.ntro("workflow", "create", "--path", bundle("1.0.0", `${OWN}==1.0`), ...PLACE);
  expect(made.code, made.stderr).toBe(0);
  expect(made.stderr).toMatch(/environment +\d+\.\d s/);
  expect(await look()).toEqual({ version: "1.0", greeting: null, key: "of the worker" });
});

it("refuses requirements that cannot be installed in five lines, and the version before goes on", async () => {
  const refused = await platform.ntro("workflow", "create", "--path", bundle("1.1.0", `${OWN}==9.0`), ...PLACE);
  expect(refused.code).not.toBe(0);
  const [, said = ""] =
    /\[REQUIREMENTS_INSTALL_FAILED\] templates\/requirements\.txt ([\s\S]*?)\n {2}hint:/.exec(refused.stderr) ?? [];
  expect(said.split("\n").slice(1).join("\n")).toContain(`${OWN}==9.0`);
  expect(said.split("\n").length).toBeLessThanOrEqual(6);
  expect(said).not.toContain(folder);
  expect(await look()).toMatchObject({ version: "1.0" });
});

it("starts a host anew when a secret of its tenant changes, and keeps the secret out of the logs", async () => {
  const client = platform.client();
  const params = { tenant: TENANT[1], name: "GREETING" };
  await client.call("secrets.put", { params, body: { value: "good-morning" } });
  await expect.poll(look).toMatchObject({ greeting: "good-morning" });
  await client.call("secrets.put", {
    params: { ...params, name: "ANTHROPIC_API_KEY" },
    body: { value: "of the tenant" },
  });
  await expect.poll(look).toMatchObject({ greeting: "good-morning", key: "of the tenant" });
  const log = readFileSync(join(platform.home, "logs/worker.log"), "utf8");
  expect(log).not.toMatch(/good-morning|of the tenant|of the worker/);
  expect(log).toContain("printed");
});

it("has two environments side by side, and starts hosts again that were killed", async () => {
  const made = await platform.ntro("workflow", "create", "--path", bundle("2.0.0", `${OWN}>=1`), ...PLACE);
  expect(made.code, made.stderr).toBe(0);
  expect(await look()).toMatchObject({ version: "2.0" });
  await platform.kill("host");
  expect(await look()).toMatchObject({ version: "2.0", greeting: "good-morning" });
});
