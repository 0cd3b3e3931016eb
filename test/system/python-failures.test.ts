import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Task } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Files } from "./bad-input/bundles";
import { literally, snapshot } from "./bad-input/snapshot";
import { createAcme, PLACE, Platform, TENANT } from "./platform";
import { PythonRunbooks, pythonActivities, pythonFiles, pythonWorkflow } from "./python-bundles";

/** Python bundles that are wrong, fail, or lack what they need, as their authors meet it on the command line. */
const platform = new Platform();
const runbooks = new PythonRunbooks(platform);
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
});
afterAll(async () => {
  runbooks.remove();
  await platform.remove();
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

describe("a bundle that cannot be deployed", () => {
  const slug = "nav-monthly";
  const good = pythonWorkflow(slug);
  const workflow = (change: (text: string) => string): Files => ({ "templates/workflow.py": change(good) });
  let waiting = "";
  beforeAll(async () => {
    await runbooks.deploy(slug);
    waiting = await runbooks.startWaiting(slug);
  });

  const cases: [string, Files, (string | RegExp)[]][] = [
    [
      "a module that is not there",
      workflow((text) => `import pandaz\n${text}`),
      [
        "[WORKFLOW_PY_IMPORT_ERROR] templates/workflow.py:1 ModuleNotFoundError: No module named 'pandaz'",
        "1 | import pandaz",
        "templates/requirements.txt",
      ],
    ],
    [
      "a name that is not there",
      workflow((text) => text.replace("import look", "import lok")),
      [
        "[WORKFLOW_PY_IMPORT_ERROR] templates/workflow.py:5 ImportError: cannot import name 'lok' from 'templates.activities' (templates/activities.py)",
      ],
    ],
    [
      "a syntax error",
      { "templates/activities.py": pythonActivities(slug, ["return ("]) },
      [
        "[ACTIVITIES_PY_IMPORT_ERROR] templates/activities.py:8:12 SyntaxError: '(' was never closed",
        "8 |     return (",
      ],
    ],
    [
      "a class of another name",
      workflow((text) => text.replace("NavMonthlyWorkflow", "NavWorkflow")),
      [
        "[WORKFLOW_CLASS_NOT_FOUND] templates/workflow.py:10 There is no class NavMonthlyWorkflow",
        "the file has NavWorkflow",
        "Name the workflow class NavMonthlyWorkflow, or change the slug",
      ],
    ],
    [
      "a class without its decorator",
      workflow((text) => text.replace("@runbook.defn\n", "")),
      [
        "[WORKFLOW_DEFN_MISSING] templates/workflow.py:9 The class NavMonthlyWorkflow is not marked with @runbook.defn.",
        "Write `@runbook.defn`",
      ],
    ],
    [
      "an annotation that names nothing",
      workflow((text) => text.replace("ctx: Context", 'ctx: "Contxt"')),
      [
        "[WORKFLOW_PY_IMPORT_ERROR] templates/workflow.py:12 NameError: name 'Contxt' is not defined",
        "An annotation names something that does not exist",
      ],
    ],
    [
      "an annotation that is no type",
      workflow((text) => text.replace("ctx: Context", "ctx: 5")),
      [
        "[RUNBOOK_DEFINITION_INVALID] templates/workflow.py:12 The input of NavMonthlyWorkflow has no schema",
        "12 |     async def run(self, ctx: 5) -> dict:",
        "Annotate the input with a pydantic model, a dataclass or dict.",
      ],
    ],
    [
      "a line of requirements that is none",
      { "templates/requirements.txt": "# of mine\n-r other.txt\n" },
      ['[REQUIREMENTS_INVALID] templates/requirements.txt:2 "-r" is an option of pip', "such as pandas==2.2.3"],
    ],
  ];

  it("is told where and what was expected, and nothing changes", async () => {
    const { revisions: _, ...before } = await snapshot(platform);
    const ran = await Promise.all(
      cases.map(([, files]) => {
        const all = { ...pythonFiles(slug, { version: "1.1.0" }), ...files };
        return runbooks.create(slug, all);
      }),
    );
    for (const [index, [name, , says]] of cases.entries()) {
      const { code, stderr = "" } = ran[index] ?? {};
      for (const part of says) expect(stderr, name).toMatch(part instanceof RegExp ? part : literally(part));
      expect(stderr).toMatch(/could not be made ready; nothing else changed\.|nothing was sent/);
      expect(stderr).not.toMatch(/ntro_revisions|errors\.pydantic\.dev|Traceback/);
      expect(stderr).not.toContain(platform.home);
      expect([name, code]).toEqual([name, 1]);
    }
    const { revisions: __, ...after } = await snapshot(platform);
    expect(after).toEqual(before);
  });

  it("leaves the current version serving, and its task that waits", async () => {
    expect(await runbooks.runToEnd(slug)).toMatchObject({
      status: "COMPLETED",
      runbookVersion: "1.0.0",
      result: { seen: true },
    });
    expect(await platform.ntro("run", "approve", waiting)).toMatchObject({ code: 0 });
    await platform.waitForEvent(waiting, ({ type }) => type === "task.completed");
  });
});

describe("code that fails while it runs", () => {
  it("uses a name that nothing defines: the task is blocked with file and line within 5 s, and can be cancelled", async () => {
    const files = pythonFiles("undefined-name", { first: ["print(nothing_there)"] });
    const ran = await runbooks.create("undefined-name", files);
    expect(ran.stderr).toContain("templates/workflow.py:15 uses `nothing_there`, which nothing defines");
    const { id } = await platform.json<Task>("workflow", "run", "undefined-name", ...PLACE);
    const shown = await platform.ntro("run", "status", id, "--wait", "--no-wait-human");
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(/status +BLOCKED \(CodeFailing\)/);
    expect(shown.stdout).toContain("NameError: name 'nothing_there' is not defined (templates/workflow.py:15)");
    expect(shown.stdout).toMatch(/File "templates\/workflow\.py", line 15, in run\s+print\(nothing_there\)/);
    const { createdAt = "", updatedAt = "" } = await platform.json<Task>("run", "status", id);
    expect(Date.parse(updatedAt) - Date.parse(createdAt)).toBeLessThan(5000);
    expect(await platform.ntro("run", "cancel", id)).toMatchObject({ code: 0 });
    expect(await platform.json<Task>("run", "status", id)).toMatchObject({
      status: "FAILED",
      failure: { type: "Cancelled" },
    });
  });

  it("raises a ValueError in an activity: the task fails at once, with its words and its line", async () => {
    await runbooks.deploy("unreadable", { look: ['raise ValueError("The books of March are unreadable.")'] });
    const task = await runbooks.runToEnd("unreadable");
    expect(task).toMatchObject({
      status: "FAILED",
      failure: { type: "ValueError", message: "The books of March are unreadable.", activityName: "unreadable.look" },
    });
    expect(task.failure?.stackTrace).toMatch(/^ *File "templates\/activities\.py", line 8, in look\n/);
    expect(task.failure?.stackTrace).not.toContain("ntro_host");
  });

  it("has a bug in an activity: the task says what is tried again, with the line, and can be cancelled", async () => {
    await runbooks.deploy("mistaken", { look: ['return {"rent": {}["rent"]}'] });
    const { id } = await platform.json<Task>("workflow", "run", "mistaken", ...PLACE);
    const shown = async () => (await platform.ntro("run", "status", id)).stdout;
    await expect
      .poll(shown)
      .toMatch(/mistaken\.look +failed \d+ times, is tried again: KeyError: 'rent' \(templates\/activities\.py:8\)/);
    expect(await platform.ntro("run", "cancel", id)).toMatchObject({ code: 0 });
    expect(await shown()).not.toContain("is tried again");
  });
});

describe("AI", () => {
  const asks = [
    "from ntro.capabilities import ai",
    'result = await ai.extract(content="Fee 12.50", schema_slug="fee")',
    'return {"rows": result.line_items}',
  ];
  let endpoint: Server;
  const asked: { model?: string; stream?: boolean }[] = [];
  beforeAll(async () => {
    endpoint = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        const question = JSON.parse(body) as { model?: string; stream?: boolean };
        asked.push(question);
        const content = JSON.stringify({ fields: {}, line_items: [{ id: "1", fee: "12.50" }], confidence_scores: {} });
        response.setHeader("content-type", question.stream ? "text/event-stream" : "application/json");
        if (question.stream) response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
        response.end(question.stream ? "data: [DONE]\n\n" : JSON.stringify({ choices: [{ message: { content } }] }));
      });
    });
    await new Promise<void>((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => new Promise((resolve) => endpoint.close(resolve)));

  it("that nobody has set fails the task at once, with the commands that set it", async () => {
    await runbooks.deploy("ask-ai", { look: asks });
    const { status, failure } = await runbooks.runToEnd("ask-ai");
    expect([status, failure?.type]).toEqual(["FAILED", "AiNotConfigured"]);
    for (const part of [
      "`ntro tenant ai set acme-fund --provider ANTHROPIC`",
      "`ntro tenant secret set ANTHROPIC_API_KEY --tenant acme-fund`",
      "NTRO_AI_BASE_URL",
    ])
      expect(failure?.message).toContain(part);
  });

  it("of an endpoint that the platform was started with answers the tenant that chose it", async () => {
    await platform.ntro("down");
    platform.settings.NTRO_AI_BASE_URL = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1`;
    await platform.up();
    const set = ["tenant", "ai", "set", "acme-fund", "--provider", "NTROPII", "--default-model", "stand-in"];
    expect(await platform.ntro(...set)).toMatchObject({ code: 0 });
    expect(await runbooks.runToEnd("ask-ai")).toMatchObject({
      status: "COMPLETED",
      result: { rows: [{ id: "1", fee: "12.50" }] },
    });
    expect(asked.map(({ model }) => model)).toEqual(["stand-in"]);
  });
});

describe("the upload of a published client", () => {
  it("has no runbook.md, and is deployed, bound and run", async () => {
    const slug = "published-upload";
    const text = readFileSync(join(platform.home, "config.toml"), "utf8");
    const [host, key] = ["host", "api_key"].map((name) => new RegExp(`${name} = "(.*)"`).exec(text)?.[1] ?? "");
    const post = async (path: string, body: unknown) => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await fetch(`${host}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    };
    const files = Object.fromEntries(
      Object.entries(pythonFiles(slug)).filter(([path, content]) => content !== null && path !== "runbook.md"),
    );
    const deploy = {
      tenantSlug: "acme-fund",
      version: "0.1.0",
      workflowClass: "PublishedUploadWorkflow",
      files,
      activityModules: ["activities"],
    };
    const answer = await post(`/runbooks/${slug}/deploy`, deploy);
    expect(answer).toMatchObject({ status: expect.toBeOneOf([200, 201]), body: { runbook: slug, version: "0.1.0" } });
    for (const field of ["workflowId", "taskQueue", "result"]) expect(answer.body).toHaveProperty(field);
    const entity = await platform.json<{ id: string }>("entity", "info", "acme-spv1", ...TENANT);
    const bound = await post("/workspace/registry/workflows", { runbookSlug: slug, entityId: entity.id });
    expect([200, 201]).toContain(bound.status);
    const place = { tenantId: "acme-fund", entityId: "acme-spv1", workflowId: bound.body.id, context: {} };
    const task = await post("/workspace/tasks", place);
    expect([200, 201]).toContain(task.status);
    await platform.waitForEvent(String(task.body.id), ({ type }) => type === "task.completed");
    expect(await platform.json<Task>("run", "status", String(task.body.id))).toMatchObject({
      status: "COMPLETED",
      result: { seen: true },
    });
  });
});
