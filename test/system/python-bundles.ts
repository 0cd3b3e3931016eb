import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readRequirements } from "@ntro/bundle";
import type { Task } from "@ntro/contract";
import { expect } from "vitest";
import { Bundles, type Files } from "./bad-input/bundles";
import { PLACE, type Platform, type Ran } from "./platform";

/** What a Python bundle of the tests does. */
interface Code {
  readonly version?: string;
  /** Lines of the activity `look`, from line 8 of its file; what it returns is the task's result. */
  readonly look?: readonly string[];
  /** Lines of `run` before it calls the activity, from line 15 of the workflow's file. */
  readonly first?: readonly string[];
}

/** A workflow that asks for an approval where its note says so, and gives what its activity finds. */
export function pythonWorkflow(slug: string, first: readonly string[] = []): string {
  const words = slug.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `from datetime import timedelta

from ntro.workflow import NtroWorkflow, runbook

from .activities import look
from .models import Context


@runbook.defn
class ${words.join("")}Workflow(NtroWorkflow):
    @runbook.run
    async def run(self, ctx: Context) -> dict:
        if ctx.note == "ask":
            await self.wait_for_action(reason="Go on?")
${first.map((line) => `        ${line}\n`).join("")}        return await runbook.execute_activity(look, start_to_close_timeout=timedelta(minutes=1))
`;
}

/** Its activities. */
export function pythonActivities(slug: string, look: readonly string[] = ['return {"seen": True}']): string {
  return `import os

from ntro.workflow import activity


@activity.defn(name="${slug.replace(/-/g, "_")}.look")
async def look() -> dict:
${look.map((line) => `    ${line}\n`).join("")}`;
}

const MODELS = `from pydantic import BaseModel


class Context(BaseModel):
    note: str = ""
`;

/** The files of a Python bundle, in place of those that `Bundles.write` puts. */
export function pythonFiles(slug: string, { version = "1.0.0", look, first }: Code = {}): Files {
  return {
    "templates/workflow.ts": null,
    "templates/activities.ts": null,
    "runbook.md": `---\nslug: ${slug}\nname: The ${slug}\nversion: ${version}\n---\n\nFor tests.\n`,
    "templates/workflow.py": pythonWorkflow(slug, first),
    "templates/activities.py": pythonActivities(slug, look),
    "templates/models.py": MODELS,
  };
}

/** Small Python bundles on a platform, deployed and run as a user does. */
export class PythonRunbooks {
  readonly #bundles = new Bundles();

  constructor(private readonly platform: Platform) {}

  /** Deploys and binds a bundle with `files` in place of its own. */
  create(slug: string, files: Files, place: readonly string[] = PLACE): Promise<Ran> {
    return this.platform.ntro("workflow", "create", "--path", this.#bundles.write(slug, files), ...place);
  }

  /** Deploys and binds one that has to be good. */
  async deploy(slug: string, code: Code = {}, place: readonly string[] = PLACE): Promise<void> {
    const ran = await this.create(slug, pythonFiles(slug, code), place);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
  }

  /** Starts a task that asks for an approval, and waits until it does. */
  async startWaiting(slug: string): Promise<string> {
    const { id } = await this.platform.json<Task>("workflow", "run", slug, ...PLACE, "--param", "note=ask");
    await this.platform.waitForEvent(id, ({ type }) => type === "task.gate_opened");
    return id;
  }

  /** Runs a task to its end, whatever that is. */
  async runToEnd(slug: string, place: readonly string[] = PLACE): Promise<Task> {
    const ran = await this.platform.ntro("workflow", "run", slug, ...place, "--wait", "-o", "json");
    return JSON.parse(ran.stdout) as Task;
  }

  /** What the activity of a new bundle finds. */
  async find(slug: string, look: readonly string[], place: readonly string[] = PLACE): Promise<unknown> {
    await this.deploy(slug, { look }, place);
    const task = await this.runToEnd(slug, place);
    expect(task.failure).toBeNull();
    return task.result;
  }

  remove(): void {
    this.#bundles.remove();
  }
}

/** Removes the environments of these requirements, which no other test uses. */
export function removeEnvironments(lines: readonly string[]): void {
  const home = process.env.NTRO_PYTHON_HOME ?? "";
  const made = readdirSync(home);
  for (const line of lines) {
    const read = readRequirements(line);
    if (read.status === "faulty") continue;
    for (const name of made.filter((each) => each.endsWith(`-${read.requirements.environment}`)))
      rmSync(join(home, name), { recursive: true, force: true });
  }
}
