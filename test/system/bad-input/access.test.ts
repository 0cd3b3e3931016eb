import { createHash, randomUUID } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NtroClient, ROUTES, type Task } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, PLACE, Platform, RENT_ROLL, TENANT } from "../platform";
import { Bundles, runbookMd } from "./bundles";
import { inDatabase, inTenants } from "./databases";
import { expectRefused, snapshot } from "./snapshot";

/** Who may not, and requests that no client of ours sends. */
const platform = new Platform();
const bundles = new Bundles();
/** A tenant beside Acme, with an entity, a runbook and a key of its own. */
const other = { id: "", key: "ntro_other_tenants_key", place: ["--tenant", "other-fund", "--entity", "other-spv"] };
let task = "";
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
  await platform.json("tenant", "create", "--name", "Other Fund", "--slug", "other-fund");
  await platform.json("entity", "create", "--tenant", "other-fund", "--name", "Other", "--slug", "other-spv");
  other.id = (await platform.json<{ id: string }>("tenant", "info", "other-fund")).id;
  const sql = "create table ledgers.only_here (id int);\n";
  for (const [place, table] of [
    [PLACE, "of_acme"],
    [other.place, "of_other"],
  ] as const) {
    const path = bundles.write("shared", { "migrations/001_first.sql": sql.replace("only_here", table) });
    expect(await platform.ntro("workflow", "create", "--path", path, ...place)).toMatchObject({ code: 0 });
  }
  task = (await platform.json<Task>("workflow", "run", "shared", ...PLACE, "--param", "amount=1")).id;
  await platform.waitForEvent(task, (event) => event.type === "task.gate_opened");
  await inDatabase(
    platform,
    "insert into api_keys (prefix, hash, name, email, role, tenant_id) values ('ntro_other', $1, 'Other', '', 'operator', $2)",
    [createHash("sha256").update(other.key).digest("hex"), other.id],
  );
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});

const host = () => readFileSync(join(platform.home, "config.toml"), "utf8").match(/host = "(.*)"/)?.[1] ?? "";
const adminKey = () => readFileSync(join(platform.home, "config.toml"), "utf8").match(/api_key = "(.*)"/)?.[1] ?? "";

/** Changes the saved connection while `work` runs. */
async function withConfig(change: (text: string) => string, work: () => Promise<unknown>): Promise<void> {
  const file = join(platform.home, "config.toml");
  const good = readFileSync(file, "utf8");
  writeFileSync(file, change(good));
  try {
    await work();
  } finally {
    writeFileSync(file, good);
  }
}

describe("a key", () => {
  it("that is wrong is told so, with the command that changes it", async () => {
    const before = await snapshot(platform);
    await withConfig(
      (text) => text.replace(/api_key = ".*"/, 'api_key = "ntro_wrong"'),
      async () => {
        for (const args of [
          ["tenant", "list"],
          ["workflow", "create", "--path", bundles.write("shared"), ...PLACE],
        ]) {
          const ran = await platform.ntro(...args, "-o", "json");
          expect(ran).toMatchObject({
            code: 4,
            stderr: expect.stringMatching(/The API key is not known[\s\S]*ntro auth login/),
          });
          expect(JSON.parse(ran.stdout)).toMatchObject({ code: "UNAUTHENTICATED", statusCode: 401 });
        }
      },
    );
    expect(await snapshot(platform)).toEqual(before);
  });

  it("that is not there is asked for", async () => {
    const config = join(platform.home, "config.toml");
    const good = readFileSync(config, "utf8");
    rmSync(config);
    try {
      const ran = await platform.ntro("tenant", "list", "--host", good.match(/host = "(.*)"/)?.[1] ?? "");
      expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining("ntro auth login") });
    } finally {
      writeFileSync(config, good, { mode: 0o600 });
    }
  });
});

describe("a key of another tenant", () => {
  const theirs = () => new NtroClient({ host: host(), apiKey: other.key });

  it("sees nothing of this one, and changes nothing", async () => {
    const before = await snapshot(platform);
    const api = theirs();
    const [entity] = await platform.client().call("entities.list", { params: { tenant: "acme-fund" } });
    const [workflow] = await platform.client().call("workflows.list", { query: { tenant: "acme-fund" } });
    const unseen = { status: 404 };
    const id = { params: { id: task } };
    await expect(api.call("tenants.get", { params: { tenant: "acme-fund" } })).rejects.toMatchObject(unseen);
    await expect(api.call("entities.list", { params: { tenant: "acme-fund" } })).rejects.toMatchObject(unseen);
    await expect(api.call("tasks.get", id)).rejects.toMatchObject(unseen);
    await expect(api.call("tasks.nextStep", id)).rejects.toMatchObject(unseen);
    await expect(api.call("tasks.approve", { ...id, body: {} })).rejects.toMatchObject(unseen);
    await expect(api.call("tasks.cancel", { ...id, body: {} })).rejects.toMatchObject(unseen);
    await expect(api.submitFile(task, { name: "x.csv", content: new Blob(["1"]) })).rejects.toMatchObject(unseen);
    await expect(api.call("workflows.get", { params: { id: workflow?.id ?? "" } })).rejects.toMatchObject(unseen);
    await expect(api.call("workflows.delete", { params: { id: workflow?.id ?? "" } })).rejects.toMatchObject(unseen);
    const body = { runbookSlug: "shared", entityId: entity?.id ?? "" };
    await expect(api.call("workflows.plan", { body })).rejects.toMatchObject(unseen);
    await expect(api.call("workflows.put", { body })).rejects.toMatchObject(unseen);
    const run = { tenantId: "acme-fund", workflowId: "shared", context: { amount: 1 } };
    await expect(api.call("tasks.create", { body: run })).rejects.toMatchObject(unseen);
    const files = { "runbook.md": runbookMd("shared", "2.0.0"), "templates/workflow.ts": "" };
    const deploy = { tenantSlug: "acme-fund", version: "2.0.0", files };
    await expect(
      api.call("runbooks.deploy", { params: { slug: "shared" }, query: { wait: 0 }, body: deploy }),
    ).rejects.toMatchObject(unseen);
    expect(await api.call("tasks.list", {})).toEqual([]);
    expect((await api.call("tenants.list", {})).map(({ slug }) => slug)).toEqual(["other-fund"]);
    expect((await api.call("workflows.list", {})).map((one) => one.entity?.slug)).toEqual(["other-spv"]);
    expect(await snapshot(platform)).toEqual(before);
  });

  it("may not make or delete tenants", async () => {
    const api = theirs();
    const forbidden = { code: "FORBIDDEN" };
    await expect(api.call("tenants.create", { body: { name: "X", slug: "x" } })).rejects.toMatchObject(forbidden);
    await expect(api.call("tenants.delete", { params: { tenant: "other-fund" } })).rejects.toMatchObject(forbidden);
  });

  it("has tables of its own: each tenant has its database", async () => {
    const found = await inTenants(
      platform,
      "select table_name from information_schema.tables where table_schema = 'ledgers'",
    );
    const tables = Object.values(found).map((rows) => rows.map((row) => row.table_name));
    expect(tables).toHaveLength(2);
    expect(tables).toEqual(expect.arrayContaining([["of_acme"], ["of_other"]]));
  });
});

describe("a request that no client of ours sends", () => {
  const send = (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
    fetch(`${host()}${path}`, { ...init, headers: { authorization: `Bearer ${adminKey()}`, ...headers } });
  const json = { "content-type": "application/json" };

  it("JSON where a form is expected: nothing is read", async () => {
    const before = await snapshot(platform);
    const body = JSON.stringify({ files: [{ path: "/etc/passwd", filename: "passwd" }] });
    const answer = await send(`/workspace/tasks/${task}/files`, { method: "POST", body }, json);
    expect(answer.status).toBe(415);
    expect(await answer.json()).toMatchObject({ code: "MEDIA_TYPE_UNSUPPORTED" });
    expect(await snapshot(platform)).toEqual(before);
  });

  it("a form where JSON is expected", async () => {
    const form = new FormData();
    form.set("name", "X");
    const answer = await send("/workspace/tenants", { method: "POST", body: form });
    expect(answer.status).toBe(415);
  });

  it("an unknown route, and a method that a route does not have", async () => {
    for (const [method, path] of [
      ["GET", "/nowhere"],
      ["PUT", "/workspace/tenants"],
      ["GET", "/../../etc/passwd"],
    ] as const) {
      const answer = await send(path, { method });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: "ROUTE_NOT_FOUND", requestId: expect.any(String) });
    }
  });

  it("JSON that is huge, deep, broken, or of another form", async () => {
    const before = await snapshot(platform);
    const post = (body: string) => send("/workspace/tenants", { method: "POST", body }, json);
    const huge = await post(JSON.stringify({ name: "x".repeat(3 * 1024 * 1024), slug: "x" }));
    expect([huge.status, await huge.json()]).toEqual([413, expect.objectContaining({ code: "BODY_TOO_LARGE" })]);
    const bodies = [
      "{",
      "[]",
      "null",
      '{"name":"X"}',
      '{"name":"X","slug":"Not A Slug"}',
      '{"name":"X","slug":"x","role":"admin"}',
      `{"name":"X","slug":"x","config":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      '{"name":"X\\u0000","slug":"x"}',
    ];
    for (const body of bodies) {
      const answer = await post(body);
      expect({ body: body.slice(0, 60), status: answer.status }).toEqual({ body: body.slice(0, 60), status: 400 });
      const text = await answer.text();
      expect(JSON.parse(text)).toMatchObject({ code: "REQUEST_INVALID" });
      expect(text).not.toMatch(/at .*\.[jt]s:\d+|node_modules|select /i);
    }
    expect(await snapshot(platform)).toEqual(before);
  });

  it("ids that are none", async () => {
    for (const id of ["x", "%00", "..%2f..%2fetc", "'; drop table tasks; --", randomUUID(), "a".repeat(400)]) {
      const answer = await send(`/workspace/tasks/${encodeURIComponent(decodeURIComponent(id))}`);
      expect([id, answer.status]).toEqual([id, 404]);
    }
  });

  it("every route asks for a key, but for health", async () => {
    for (const { method, path, permission } of Object.values(ROUTES)) {
      const answer = await fetch(`${host()}${path.replace(/:\w+/g, "x")}`, { method });
      expect([path, answer.status]).toEqual([path, permission === null ? 200 : 401]);
      await answer.body?.cancel();
    }
  });
});

describe("a server", () => {
  it("that is not running: nothing is tried, and how it is started is said", async () => {
    expect(await platform.ntro("down")).toMatchObject({ code: 0 });
    const commands = [
      ["tenant", "list"],
      ["workflow", "create", "--path", bundles.write("shared"), ...PLACE],
      ["workflow", "run", "shared", ...PLACE, "--param", "amount=1", "--wait"],
      ["run", "status", task, "--wait"],
      ["run", "submit", task, "--file", RENT_ROLL],
      ["run", "approve", task],
    ];
    for (const args of commands) {
      const ran = await platform.ntro(...args, "-o", "json");
      expect([args.slice(0, 2), ran.code]).toEqual([args.slice(0, 2), 4]);
      expect(ran.stderr).toMatch(/No answer from http:\/\/127\.0\.0\.1:\d+[\s\S]*ntro up/);
      expect(JSON.parse(ran.stdout)).toMatchObject({ code: "SERVER_UNREACHABLE" });
    }
    expect(await platform.ntro("status")).toMatchObject({ code: 1, stdout: expect.stringMatching(/server +down/) });
  });

  it("that is started again has everything as it was", async () => {
    await platform.up();
    expect(await platform.json("run", "status", task)).toMatchObject({ status: "BLOCKED" });
    expect(await platform.json("run", "list", ...TENANT)).toHaveLength(1);
    await expectRefused(platform, ["run", "status", "not-an-id"], {
      code: 2,
      error: "TASK_NOT_FOUND",
      says: ["not-an-id"],
    });
  });
});
