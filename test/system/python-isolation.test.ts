import { createHash } from "node:crypto";
import type { StreamEvent, Task } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inDatabase } from "./bad-input/databases";
import { createAcme, Platform, run, TENANT } from "./platform";
import { PythonRunbooks } from "./python-bundles";

/** What a tenant's Python code may see, and what of it others may. */
const OTHER = ["--tenant", "other-fund", "--entity", "other-spv"] as const;
const platform = new Platform();
const runbooks = new PythonRunbooks(platform);
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  await platform.json("tenant", "create", "--name", "Other Fund", "--slug", "other-fund");
  await platform.json("entity", "create", "--tenant", "other-fund", "--name", "Other", "--slug", "other-spv");
});
afterAll(async () => {
  runbooks.remove();
  await platform.remove();
});
afterEach((context) => {
  if (context.task.result?.state === "fail") process.stderr.write(platform.logs());
});

describe("a tenant's secret", () => {
  const SECRET = `hush-${createHash("sha256").update(platform.home).digest("hex")}`;
  const digest = createHash("sha256").update(SECRET).digest("hex");

  it("reaches author code, and lies nowhere in clear", async () => {
    const look = [
      "import hashlib",
      'return {"of": hashlib.sha256(os.environ.get("VAULT_TOKEN", "").encode()).hexdigest()}',
    ];
    await runbooks.deploy("secretive", { look });
    const nothing = createHash("sha256").digest("hex");
    expect(await runbooks.runToEnd("secretive")).toMatchObject({ result: { of: nothing } });
    platform.settings.MINE = SECRET;
    const set = await platform.ntro("tenant", "secret", "set", "VAULT_TOKEN", ...TENANT, "--from-env", "MINE");
    delete platform.settings.MINE;
    expect(set).toMatchObject({ code: 0 });
    await expect.poll(async () => (await runbooks.runToEnd("secretive")).result).toEqual({ of: digest });
    const last = await runbooks.runToEnd("secretive");
    const shown = await Promise.all([
      platform.ntro("run", "logs", last.id, "-o", "json"),
      platform.ntro("run", "status", last.id, "-o", "json"),
      platform.ntro("tenant", "secret", "list", "acme-fund", "-o", "json"),
      platform.ntro("tenant", "info", "acme-fund", "-o", "json"),
    ]);
    const events: StreamEvent[] = [];
    const { signal } = new AbortController();
    for await (const event of platform.client().events({ tenant: "acme-fund", after: "0" }, { signal })) {
      events.push(event);
      if (event.taskId === last.id && event.type === "task.completed") break;
    }
    const audit = await inDatabase(platform, "select * from audit");
    expect(audit.map(({ action }) => action)).toContain("tenant.secret_set");
    expect(JSON.stringify([set, shown, events, audit])).not.toContain(SECRET);
    // Logs, Temporal's history, databases, storage.
    const grep = (text: string) => run("grep", ["-rlaF", "-D", "skip", text, platform.home], platform.env);
    expect(await grep(digest)).toMatchObject({ code: 0 });
    expect(await grep(SECRET)).toMatchObject({ code: 1, stdout: "", stderr: "" });
  });
});

describe("the host of another tenant", () => {
  let task = "";
  beforeAll(async () => {
    await runbooks.deploy("ours");
    task = await runbooks.startWaiting("ours");
  });

  it("reaches neither this one's database nor the workspace's", async () => {
    const [{ id = "" } = {}] = await inDatabase(platform, "select id from tenants where slug = 'acme-fund'");
    const ours = `ntro_t_${String(id).replace(/-/g, "_")}`;
    expect(await inDatabase(platform, "select datname from pg_database where datname = $1", [ours])).toHaveLength(1);
    const look = [
      "import asyncpg",
      "from ntro.data import get_data_plane",
      "outcomes = {}",
      'own = os.environ["NTRO_TENANT_POSTGRES_URL"]',
      "async def reach(url):",
      "    connection = await asyncpg.connect(url)",
      "    try:",
      '        return await connection.fetchval("select count(*) from ingest.submitted_documents")',
      "    finally:",
      "        await connection.close()",
      "async def note(name, work):",
      "    try:",
      "        outcomes[name] = await work",
      "    except Exception as error:",
      '        outcomes[name] = f"{type(error).__name__}: {error}"',
      'await note("own", reach(own))',
      `for name in ("${ours}", "ntro_workspace", "postgres"):`,
      '    await note(name, reach(own.rpartition("/")[0] + "/" + name))',
      'await note("plane", get_data_plane("acme-fund"))',
      "return outcomes",
    ];
    expect(await runbooks.find("reach-data", look, OTHER)).toEqual({
      own: 0,
      [ours]: expect.stringContaining("permission denied for database"),
      ntro_workspace: expect.stringContaining("permission denied for database"),
      postgres: expect.stringContaining("permission denied for database"),
      plane: expect.stringContaining('This host serves the tenant "other-fund"'),
    });
  });

  it("reads and changes nothing of this one's with any key that it has", async () => {
    const before = await platform.json<Task>("run", "status", task);
    const [{ id: workflowType = "" } = {}] = await inDatabase(
      platform,
      "select slug || '@' || version || '+' || substr(digest, 1, 12) as id from revisions where slug = 'ours'",
    );
    const look = [
      "import gc",
      "import httpx",
      "from ntro_host.messages import HostSettings",
      "gc.unfreeze()",
      "settings = next(each for each in gc.get_objects() if isinstance(each, HostSettings))",
      "def state(workflow_id):",
      '    at = "2026-03-31T00:00:00.000Z"',
      '    failure = {"type": "CodeFailing", "message": "forged", "stackTrace": None}',
      '    return {"kind": "code_failing", "workflow_id": workflow_id, "run_id": "r", "workflow_type": "t", "at": at, "failure": failure}',
      "outcomes = {}",
      'for name, key in (("author", os.environ["NTRO_API_KEY"]), ("host", settings.key)):',
      '    async with httpx.AsyncClient(base_url=settings.server, headers={"authorization": f"Bearer {key}"}) as client:',
      "        outcomes[name] = [",
      "            (await client.request(method, path, json=body)).status_code",
      "            for method, path, body in (",
      `                ("GET", "/workspace/tasks/${task}", None),`,
      `                ("GET", "/workspace/tasks/${task}/next-step", None),`,
      '                ("GET", "/workspace/tenants/acme-fund", None),',
      `                ("POST", "/workspace/tasks/${task}/approve", {}),`,
      `                ("POST", "/tasks/${task}/events", {"type": "reasoning.delta", "source": "worker", "seq": 1, "groupKey": "g", "payload": {}}),`,
      `                ("GET", "/internal/tenants/acme-fund/revisions/${encodeURIComponent(String(workflowType))}", None),`,
      `                ("POST", "/internal/reports", {"reports": [state("${task}")]}),`,
      "            )",
      "        ]",
      "return outcomes",
    ];
    const outcomes = (await runbooks.find("reach-server", look, OTHER)) as Record<"author" | "host", number[]>;
    for (const statuses of Object.values(outcomes))
      for (const status of statuses.slice(0, 6)) expect([401, 403, 404]).toContain(status);
    expect(await platform.json<Task>("run", "status", task)).toEqual(before);
    expect(await platform.ntro("run", "approve", task)).toMatchObject({ code: 0 });
  });
});

describe("storage", () => {
  it("refuses paths that lead out, and writes nothing there", async () => {
    const look = [
      "from pathlib import Path",
      "from ntro.capabilities import storage",
      'Path("link").unlink(missing_ok=True)',
      'Path("link").symlink_to("/etc")',
      "attempts = {",
      '    "above": lambda: storage.write_file("../escaped.txt", content=b"x"),',
      '    "far above": lambda: storage.write_file("a/../../../escaped.txt", content=b"x"),',
      '    "elsewhere": lambda: storage.read_file("/etc/passwd"),',
      '    "through a link": lambda: storage.read_file("link/passwd"),',
      '    "a table": lambda: storage.write_table("../escaped", data=[{}]),',
      '    "a period": lambda: storage.read_table("t", period="/../../escaped"),',
      '    "a folder": lambda: storage.list_files("../"),',
      "}",
      "outcomes = {}",
      "for name, attempt in attempts.items():",
      "    try:",
      "        outcomes[name] = repr(await attempt())",
      "    except ValueError as error:",
      "        outcomes[name] = str(error)",
      'await storage.write_file("in/side.txt", content=b"x")',
      'outcomes["inside"] = await storage.list_files("in")',
      "return outcomes",
    ];
    const { inside, ...out } = (await runbooks.find("escape", look)) as Record<string, unknown>;
    expect(inside).toEqual(["in/side.txt"]);
    expect(Object.keys(out)).toHaveLength(7);
    for (const [name, said] of Object.entries(out))
      expect([name, said]).toEqual([name, expect.stringContaining("leads out of the tenant's storage")]);
    const escaped = await run("find", [platform.home, "-name", "*escaped*"], platform.env);
    expect(escaped.stdout).toBe("");
  });
});
