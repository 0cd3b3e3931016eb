import type { Task } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, PLACE, Platform, type Ran, TENANT } from "../platform";
import { activitiesEndingWith, Bundles, type Files, runbookMd, workflow } from "./bundles";
import { literally, snapshot } from "./snapshot";

/** Code that does not compile, load or run: the author is told where, and everybody else's tasks go on. */
const platform = new Platform();
const bundles = new Bundles();
let healthy = "";
/** Takes its time, so it runs beside the others. */
let endless: Promise<Ran>;
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  await deployed("good");
  healthy = await start("good");
  await gateOf(healthy);
  endless = platform.ntro(...faulty({ "templates/activities.ts": activitiesEndingWith("for (;;) {}") }), "-o", "json");
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});

const create = (path: string, ...more: string[]) => ["workflow", "create", "--path", path, ...PLACE, ...more];

async function deployed(slug: string, files: Files = {}, ...more: string[]): Promise<void> {
  const ran = await platform.ntro(...create(bundles.write(slug, files), ...more));
  expect(ran).toMatchObject({ code: 0 });
}

/** Deploys a faulty bundle. */
function faulty(files: Files): string[] {
  return create(bundles.write("faulty", { "runbook.md": runbookMd("faulty"), ...files }));
}

function expectFailed({ code, stdout, stderr }: Ran, says: readonly (string | RegExp)[]): void {
  expect(stderr).toContain("faulty@1.0.0 could not be made ready; nothing else changed.");
  for (const part of says) expect(stderr).toMatch(part instanceof RegExp ? part : literally(part));
  expect(code).toBe(1);
  const fault = expect.objectContaining({ message: expect.any(String), path: expect.any(String) });
  expect(JSON.parse(stdout)).toMatchObject({ code: "DEPLOYMENT_FAILED", details: expect.arrayContaining([fault]) });
}

/** Everything but the record that a deployment was tried. */
async function standing() {
  const { revisions: _, ...rest } = await snapshot(platform);
  return rest;
}

async function start(workflowName: string): Promise<string> {
  const task = await platform.json<Task>("workflow", "run", workflowName, ...PLACE, "--param", "amount=1");
  return task.id;
}

async function gateOf(task: string): Promise<void> {
  await platform.waitForEvent(task, (event) => event.type === "task.gate_opened");
}

/** Approves and gives what the task resulted in. */
async function finish(task: string): Promise<unknown> {
  expect(await platform.ntro("run", "approve", task)).toMatchObject({ code: 0 });
  await platform.waitForEvent(task, (event) => event.type === "task.completed");
  return (await platform.json<Task>("run", "status", task)).result;
}

describe("a deployment fails, and nothing else changes", () => {
  const cases: [string, Files, (string | RegExp)[]][] = [
    [
      "no default export",
      { "templates/workflow.ts": workflow().replace("export default", "export const it =") },
      ["DEFAULT_EXPORT_MISSING", "templates/workflow.ts", "`export default runbook({ … })`"],
    ],
    [
      "a type that does not fit",
      { "templates/workflow.ts": workflow({ first: 'const count: number = "two";' }) },
      [/TYPESCRIPT_ERROR\] templates\/workflow\.ts:11:\d+ /, '11 |     const count: number = "two";', "TS2322"],
    ],
    [
      "a syntax error",
      { "templates/workflow.ts": workflow({ first: "const = 1;" }) },
      [/\] templates\/workflow\.ts:11:\d+ /, "11 |     const = 1;"],
    ],
    [
      "the clock in workflow code",
      { "templates/workflow.ts": workflow({ first: "const at = Date.now();" }) },
      [
        "NONDETERMINISTIC_CALL] templates/workflow.ts:11:16",
        "11 |     const at = Date.now();",
        "Use now() of @ntro/runbook",
      ],
    ],
    [
      "a module of Node in workflow code",
      { "templates/workflow.ts": workflow({ imports: 'import { readFileSync } from "node:fs";' }) },
      [
        "NONDETERMINISTIC_IMPORT] templates/workflow.ts:4:30",
        '4 | import { readFileSync } from "node:fs";',
        "in an activity",
      ],
    ],
    [
      "activities that throw when loaded",
      { "templates/activities.ts": activitiesEndingWith('throw new Error("no licence file");') },
      ["RUNBOOK_LOAD_ERROR] templates/activities.ts:7:7", "no licence file", "move side effects into activities"],
    ],
    [
      "activities that end the process when loaded",
      { "templates/activities.ts": activitiesEndingWith("process.exit(3);") },
      ["RUNBOOK_LOAD_ERROR", "It ended the process while it was loaded (exit code 3)", "move side effects into"],
    ],
    [
      "workflow code that throws when loaded",
      { "templates/workflow.ts": `${workflow()}throw new Error("not today");\n` },
      ["RUNBOOK_DEFINITION_INVALID", "templates/workflow.ts", "not today"],
    ],
    [
      "config_schema that disagrees with the input schema",
      { "runbook.md": runbookMd("faulty", "1.0.0", ["config_schema:", "  global:", "    sum: { type: number }"]) },
      [
        "CONFIG_SCHEMA_MISMATCH",
        "config_schema.global.amount",
        "config_schema.global.sum",
        "leave config_schema.global out",
      ],
    ],
    [
      "a migration with an error",
      {
        "migrations/001_first.sql": "create table ledgers.of_faulty (id int);\n",
        "migrations/002_second.sql": "create table ledgers.of_faulty_too (id int);\nselect nonsense from nowhere;\n",
      },
      [
        "MIGRATION_FAILED] migrations/002_second.sql:2:22",
        'relation "nowhere" does not exist',
        "No migration of this deployment",
      ],
    ],
    [
      "a migration that would commit half of itself",
      { "migrations/001_first.sql": "create table ledgers.of_faulty (id int);\ncommit;\nselect nonsense;\n" },
      ["MIGRATION_FAILED", "leave out begin and commit"],
    ],
  ];
  it.each(cases)("%s", async (_, files, says) => {
    const before = await standing();
    const ran = await platform.ntro(...faulty(files), "-o", "json");
    expectFailed(ran, says);
    expect(await standing()).toEqual(before);
  });

  it("activities that never finish loading", async () => {
    const ran = await endless;
    expectFailed(ran, ["RUNBOOK_LOAD_ERROR", "took longer than 10 s"]);
    expect(await standing()).toMatchObject({ runbooks: [{ slug: "good" }] });
  });

  it("it cannot be bound, run or pinned either, and is no runbook to anybody", async () => {
    const refused = { code: 2, stderr: expect.stringContaining("There is no workflow") };
    expect(await platform.ntro("workflow", "run", "faulty", ...PLACE)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No workflow "faulty"'),
    });
    expect(await platform.ntro("workflow", "info", "faulty", ...PLACE)).toMatchObject(refused);
    const entity = await platform.json<{ id: string }>("entity", "info", "acme-spv1", ...TENANT);
    const body = { runbookSlug: "faulty", entityId: entity.id };
    await expect(platform.client().call("workflows.put", { body })).rejects.toMatchObject({
      code: "RUNBOOK_NOT_FOUND",
    });
    const { stdout } = await platform.ntro("runbook", "versions", "faulty", ...TENANT);
    expect(stdout).toMatch(/1\.0\.0 .*failed/);
  });

  it("and the tenant's task that was waiting goes on", async () => {
    expect(await finish(healthy)).toEqual({ text: "approved 1" });
  });
});

describe("code that fails while it runs", () => {
  it("throws: the task is blocked with file and line, takes no answer, and can be cancelled", async () => {
    const first = 'const none = JSON.parse("{}") as { name: { first: string } }; none.name.first.trim();';
    await deployed("throwing", { "templates/workflow.ts": workflow({ first }) });
    const task = await start("throwing");
    const { code, stdout, stderr } = await platform.ntro("run", "status", task, "--wait", "--no-wait-human");
    expect(code).toBe(1);
    expect(stdout).toMatch(/status +BLOCKED \(CodeFailing\)/);
    expect(stdout).toContain("Cannot read properties of undefined (reading 'first')");
    expect(stdout).toContain("templates/workflow.ts:11:");
    expect(stdout).toContain(`ntro run repair ${task} --to <version>`);
    expect(stdout).toContain(`Or cancel it: ntro run cancel ${task}`);
    expect(stderr).toContain("The runbook's code is failing");
    expect(await platform.ntro("run", "approve", task)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/does not wait for a decision[\s\S]*reading 'first'[\s\S]*ntro run status/),
    });
    expect(await platform.ntro("run", "cancel", task)).toMatchObject({ code: 0 });
    expect(await platform.json("run", "status", task)).toMatchObject({
      status: "FAILED",
      failure: { type: "Cancelled" },
    });
  });

  it("loops for ever: a healthy task of the tenant goes on beside it", async () => {
    await deployed("looping", { "templates/workflow.ts": workflow({ first: "for (let on = true; on; ) on = true;" }) });
    const looping = await start("looping");
    const beside = await start("good");
    await gateOf(beside);
    expect(await finish(beside)).toEqual({ text: "approved 1" });
    const { code, stdout } = await platform.ntro("run", "status", looping, "--wait", "--no-wait-human");
    expect(code).toBe(1);
    expect(stdout).toContain("an endless loop?");
    expect(await platform.ntro("run", "cancel", looping)).toMatchObject({ code: 0 });
    expect(await platform.json("run", "status", looping)).toMatchObject({ status: "FAILED" });
  });
});

describe("a version", () => {
  const saying = (word: string) => ({
    "templates/workflow.ts": workflow({ word: `"${word}"` }),
  });
  const current = async () => {
    const versions = await platform.json<{ version: string; current: boolean }[]>(
      "runbook",
      "versions",
      "said",
      ...TENANT,
    );
    return versions.filter((one) => one.current).map((one) => one.version);
  };

  it("deployed again with other content leaves the task in flight on its own code", async () => {
    await deployed("said", saying("before"));
    const old = await start("said");
    await gateOf(old);
    await deployed("said", saying("after"));
    const young = await start("said");
    await gateOf(young);
    expect(await finish(old)).toEqual({ text: "before 1" });
    expect(await finish(young)).toEqual({ text: "after 1" });
  });

  it("lower than the current one, deployed with --pin, moves nobody else", async () => {
    const md = runbookMd("said", "0.9.0");
    await deployed("said", { ...saying("older"), "runbook.md": md }, "--pin", "--name", "pinned");
    expect(await current()).toEqual(["1.0.0"]);
    expect(await platform.json("workflow", "info", "pinned", ...PLACE)).toMatchObject({ runbookVersion: "0.9.0" });
  });

  it("that is not there cannot be pinned or made current", async () => {
    const before = await snapshot(platform);
    expect(await platform.ntro("workflow", "update", "pinned", ...PLACE, "--pin", "3.0.0")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no version 3\.0\.0 of said[\s\S]*1\.0\.0/),
    });
    expect(await platform.ntro("runbook", "promote", "said@3.0.0", ...TENANT)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/3\.0\.0[\s\S]*1\.0\.0/),
    });
    expect(await platform.ntro("runbook", "promote", "sad@1.0.0", ...TENANT)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Did you mean said?"),
    });
    expect(await snapshot(platform)).toEqual(before);
  });

  it("that a name already belongs to is not even uploaded", async () => {
    const before = await snapshot(platform);
    const path = bundles.write("said", { ...saying("newer"), "runbook.md": runbookMd("other") });
    expect(await platform.ntro(...create(path, "--name", "pinned"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Another workflow is called "pinned"[\s\S]*choose another/),
    });
    expect(await snapshot(platform)).toEqual(before);
  });
});
