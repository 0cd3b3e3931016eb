import type { DeployAnswer, Described } from "@ntro/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";

const DESCRIBED: Described = { steps: [], inputSchema: null, children: [], activities: [] };

let postgres: TestPostgres;
let server: TestServer;
let tenant: string;
let count = 0;

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
});

afterAll(async () => {
  await server.close();
  await postgres.stop();
});

beforeEach(async () => {
  tenant = `fund-${++count}`;
  await server.client().call("tenants.create", { body: { name: tenant, slug: tenant } });
});

/** A Python bundle as published clients send it; undefined takes a file away. */
function deployPython(version: string, files: Record<string, string | undefined> = {}): Promise<DeployAnswer> {
  const whole = { "templates/workflow.py": "", "templates/activities.py": "", ...files };
  const given = Object.entries(whole).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const body = {
    tenantSlug: tenant,
    version,
    workflowClass: "NavWorkflow",
    files: Object.fromEntries(given),
    activityModules: ["activities"],
  };
  return server.client().call("runbooks.deploy", { params: { slug: "nav" }, query: { wait: 0 }, body });
}

async function makeReady(id: string): Promise<void> {
  const body = { status: "ready" as const, described: DESCRIBED };
  await server.client(server.keys.worker).call("worker.reportDeployment", { params: { id }, body });
}

describe("deploying a Python bundle", () => {
  it("takes a Python bundle as published clients send it, without runbook.md", async () => {
    const { deployment } = await deployPython("1.0.0", { "templates/requirements.txt": "ntro-core\n" });
    expect(deployment).toMatchObject({ status: "pending", taskQueue: `ntro/${tenant}/py-base` });
    const worker = server.client(server.keys.worker);
    const params = { tenant, type: deployment.workflowType };
    const { archive, language } = await worker.call("worker.getRevision", { params });
    expect(language).toBe("python");
    expect(JSON.parse(archive)).toMatchObject({ files: { "runbook.md": expect.stringContaining('slug: "nav"') } });

    const found = "It runs without the sandbox.";
    const described = { ...DESCRIBED, notices: [found] };
    const body = { status: "ready" as const, described };
    await worker.call("worker.reportDeployment", { params: { id: deployment.id }, body });
    const notices = ["requirements.txt: ntro-core is provided by the platform.", found];
    const params2 = { params: { id: deployment.id } };
    expect(await server.client().call("deployments.get", params2)).toMatchObject({ status: "ready", notices });
    const [version] = await server.client().call("runbooks.versions", { params: { slug: "nav" }, query: { tenant } });
    expect(version).toMatchObject({ language: "python", notices });
  });

  it("refuses a Python bundle whose files are not whole, and records nothing", async () => {
    const refused = deployPython("1.0.0", {
      "templates/activities.py": undefined,
      "templates/requirements.txt": "rich\n-r other.txt\n",
    });
    await expect(refused).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      details: [
        { code: "ACTIVITIES_PY_MISSING", path: "templates/activities.py" },
        { code: "REQUIREMENTS_INVALID", path: "templates/requirements.txt", line: 2 },
      ],
    });
    expect(await server.client().call("runbooks.list", { query: { tenant } })).toEqual([]);
  });
});

describe("what a worker is told of Python", () => {
  it("is one host for each environment of Python, while something of it is in use", async () => {
    const wanted = async () => {
      const desired = await server.client(server.keys.worker).call("worker.desired", {});
      const hosts = desired.tenants.find(({ slug }) => slug === tenant)?.hosts ?? [];
      return new Map(hosts.map(({ queue, environment }) => [queue.split("/")[2], environment]));
    };
    const base = (await deployPython("1.0.0")).deployment;
    const rich = (await deployPython("2.0.0", { "templates/requirements.txt": "Rich == 14.0.0\n" })).deployment;
    const name = rich.taskQueue.split("/")[2];
    expect(name).toMatch(/^py-[0-9a-f]{12}$/);
    const base1 = ["py-base", { name: "base", requirements: [] }] as const;
    const rich2 = [name, { name: name?.slice(3), requirements: ["rich==14.0.0"] }] as const;
    expect(await wanted()).toEqual(new Map<unknown, unknown>([base1, rich2]));
    await makeReady(base.id);
    await makeReady(rich.id);
    // Version 2.0.0 is current; nothing runs on 1.0.0 any more.
    expect(await wanted()).toEqual(new Map<unknown, unknown>([rich2]));
  });

  it("is a key for author code that reads the tenant and nothing else", async () => {
    await deployPython("1.0.0");
    const desired = await server.client(server.keys.worker).call("worker.desired", {});
    const reader = server.client(desired.tenants.find(({ slug }) => slug === tenant)?.authorKey);
    expect(await reader.call("me", {})).toMatchObject({ roles: ["author"], tenantSlug: tenant });
    expect((await reader.call("tenants.list", { query: {} })).map(({ slug }) => slug)).toEqual([tenant]);
    await expect(reader.call("worker.desired", {})).rejects.toMatchObject({ code: "FORBIDDEN" });
    const entity = reader.call("entities.create", { params: { tenant }, body: { name: "X", slug: "x" } });
    await expect(entity).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("keeps the host of what was current while a task that may start it as a child is open", async () => {
    const old = (await deployPython("1.0.0")).deployment;
    await makeReady(old.id);
    const { db } = server.services;
    const [revision] = await db.selectFrom("revisions").selectAll().where("digest", "=", old.digest).execute();
    const entity = await server
      .client()
      .call("entities.create", { params: { tenant }, body: { name: "E", slug: "e" } });
    const tenant_id = entity.tenantId;
    // A task of another runbook, whose children are locked to what is current now.
    const other = await db
      .insertInto("revisions")
      .values({
        ...{ tenant_id, slug: "parent", version: "1.0.0", digest: "0".repeat(64), language: "typescript" },
        ...{ workflow_type: "parent@1.0.0+000000000000", manifest: "{}", deployed_by: "test" },
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    const workflow = await db
      .insertInto("workflows")
      .values({ tenant_id, entity_id: entity.id, runbook_slug: "parent" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const task = { id: crypto.randomUUID(), tenant_id, entity_id: entity.id, workflow_id: workflow.id };
    await db
      .insertInto("tasks")
      .values({ ...task, revision_id: other.id, title: "T", status: "BLOCKED", context: "{}", created_by: "test" })
      .execute();
    await makeReady((await deployPython("2.0.0", { "templates/requirements.txt": "rich==14.0.0" })).deployment.id);
    const isWanted = async () => {
      const desired = await server.client(server.keys.worker).call("worker.desired", {});
      const hosts = desired.tenants.find(({ slug }) => slug === tenant)?.hosts ?? [];
      return hosts.some(({ environment }) => environment?.name === revision?.environment);
    };
    expect(await isWanted()).toBe(true);
    await db
      .updateTable("tasks")
      .set({ status: "COMPLETED", closed_at: new Date() })
      .where("id", "=", task.id)
      .execute();
    expect(await isWanted()).toBe(false);
  });
});
