import type { DeployAnswer, Deployment, Described, StreamEvent } from "@ntro/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { smallBundle } from "../../../../test/support/bundle";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";

const DESCRIBED: Described = {
  steps: [{ id: "only", title: "Only", icon: "check" }],
  inputSchema: { type: "object", properties: { period: { type: "string" } }, required: ["period"] },
  children: [],
  activities: ["sum"],
};
const FAULT = {
  code: "TYPESCRIPT_ERROR" as const,
  message: "Type 'x' is not assignable.",
  path: "templates/workflow.ts",
  line: 3,
};

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

function deploy(version: string, options: { pin?: boolean; salt?: string; wait?: number } = {}): Promise<DeployAnswer> {
  const { pin = false, salt = "", wait = 0 } = options;
  const body = { tenantSlug: tenant, version, files: smallBundle("nav", version, salt), pin };
  return server.client().call("runbooks.deploy", { params: { slug: "nav" }, query: { wait }, body });
}

function report(id: string, ready: boolean): Promise<unknown> {
  const body = ready
    ? { status: "ready" as const, described: DESCRIBED }
    : { status: "failed" as const, faults: [FAULT] };
  return server.client(server.keys.worker).call("worker.reportDeployment", { params: { id }, body });
}

async function deployReady(version: string, options: { pin?: boolean; salt?: string } = {}): Promise<Deployment> {
  const { deployment } = await deploy(version, options);
  await report(deployment.id, true);
  return server.client().call("deployments.get", { params: { id: deployment.id } });
}

async function currentVersion(): Promise<string | undefined> {
  const versions = await server.client().call("runbooks.versions", { params: { slug: "nav" }, query: { tenant } });
  return versions.find(({ current }) => current)?.version;
}

/** The deployment events of a tenant so far. */
async function eventTypes(id: string): Promise<string[]> {
  const rows = await server.services.db
    .selectFrom("events")
    .select("type")
    .where("deployment_id", "=", id)
    .orderBy("id")
    .execute();
  return rows.map(({ type }) => type);
}

describe("deploying", () => {
  it("is pending until a host has prepared it, then ready and current", async () => {
    const { deployment } = await deploy("1.0.0");
    expect(deployment).toMatchObject({
      status: "pending",
      slug: "nav",
      version: "1.0.0",
      current: true,
      taskQueue: `ntro/${tenant}/ts`,
    });
    expect(deployment.workflowType).toBe(`nav@1.0.0+${deployment.digest.slice(0, 12)}`);
    expect(await currentVersion()).toBeUndefined();
    await report(deployment.id, true);
    expect(await server.client().call("deployments.get", { params: { id: deployment.id } })).toMatchObject({
      status: "ready",
      current: true,
    });
    expect(await currentVersion()).toBe("1.0.0");
    expect(await eventTypes(deployment.id)).toEqual(["deployment.progress", "deployment.ready"]);
    const runbook = await server.client().call("runbooks.get", { params: { slug: "nav" }, query: { tenant } });
    expect(runbook).toMatchObject({
      version: "1.0.0",
      steps: [{ id: "only", label: "Only", icon: "check" }],
      startParams: [{ key: "period", type: "string", required: true }],
      configSchema: DESCRIBED.inputSchema,
    });
  });

  it("waits for the host where it is asked to", async () => {
    const abort = new AbortController();
    const pending = deploy("1.0.0", { wait: 25 });
    for await (const event of server.client().events({ tenant, after: "0" }, { signal: abort.signal }))
      if (event.type === "deployment.progress") {
        await report(event.deploymentId ?? "", true);
        break;
      }
    abort.abort();
    expect((await pending).deployment).toMatchObject({ status: "ready", current: true });
  });

  it("answers with the faults when it fails, and leaves current as it was", async () => {
    await deployReady("1.0.0");
    const pending = deploy("2.0.0", { wait: 25 });
    const caught = pending.catch((error: unknown) => error);
    const abort = new AbortController();
    for await (const event of server.client().events({ tenant, after: "0" }, { signal: abort.signal }))
      if (event.type === "deployment.progress" && event.data.version === "2.0.0") {
        await report(event.deploymentId ?? "", false);
        break;
      }
    abort.abort();
    expect(await caught).toMatchObject({ code: "DEPLOYMENT_FAILED", status: 422, details: [FAULT] });
    expect(await currentVersion()).toBe("1.0.0");
    const versions = await server.client().call("runbooks.versions", { params: { slug: "nav" }, query: { tenant } });
    expect(versions.map(({ version, status }) => [version, status])).toEqual([
      ["2.0.0", "failed"],
      ["1.0.0", "ready"],
    ]);
  });

  it("is ready at once when the same content was made ready before", async () => {
    const first = await deployReady("1.0.0");
    await deployReady("2.0.0");
    const again = (await deploy("1.0.0")).deployment;
    expect(again).toMatchObject({ status: "ready", digest: first.digest, current: true });
    expect(again.id).not.toBe(first.id);
    expect(await currentVersion()).toBe("1.0.0");
  });

  it("keeps other content of a version as a revision of its own", async () => {
    const first = await deployReady("1.0.0");
    const second = await deployReady("1.0.0", { salt: "changed" });
    expect(second.digest).not.toBe(first.digest);
    const versions = await server.client().call("runbooks.versions", { params: { slug: "nav" }, query: { tenant } });
    expect(versions.map(({ digest, current }) => [digest, current])).toEqual([
      [second.digest, true],
      [first.digest, false],
    ]);
  });

  it("is the same deployment when the same request comes twice, also when the first answer was lost", async () => {
    const body = { tenantSlug: tenant, version: "1.0.0", files: smallBundle("nav", "1.0.0") };
    const ask = () =>
      server
        .client()
        .call("runbooks.deploy", { params: { slug: "nav" }, query: { wait: 0 }, body, idempotencyKey: tenant });
    const first = await ask();
    expect(await ask()).toEqual(first);
    await server.services.db.deleteFrom("idempotency").where("key", "=", tenant).execute();
    expect((await ask()).deployment.id).toBe(first.deployment.id);
  });
});

describe("the current version", () => {
  it("is not moved by a pin of a lower version, but by one of a higher", async () => {
    await deployReady("2.0.0");
    expect(await deployReady("1.0.0", { pin: true })).toMatchObject({ status: "ready", current: false });
    expect(await currentVersion()).toBe("2.0.0");
    expect(await deployReady("3.0.0", { pin: true })).toMatchObject({ current: true });
    expect(await currentVersion()).toBe("3.0.0");
  });

  it("is moved by a deploy of a lower version without a pin", async () => {
    await deployReady("2.0.0");
    await deployReady("1.0.0");
    expect(await currentVersion()).toBe("1.0.0");
  });

  it("is not moved by a deployment that was asked for before the one that moved it", async () => {
    const slow = (await deploy("1.0.0")).deployment;
    await deployReady("2.0.0");
    await report(slow.id, true);
    expect(await currentVersion()).toBe("2.0.0");
  });

  it("is moved by hand, to versions that are ready only", async () => {
    await deployReady("1.0.0");
    await deployReady("2.0.0");
    await deploy("3.0.0");
    const promote = (version: string) =>
      server.client().call("runbooks.promote", { params: { slug: "nav" }, body: { tenantSlug: tenant, version } });
    expect(await promote("1.0.0")).toMatchObject({ version: "1.0.0", current: true });
    await expect(promote("3.0.0")).rejects.toMatchObject({
      code: "RUNBOOK_NOT_READY",
      hint: "Ready here: 1.0.0, 2.0.0.",
    });
    await expect(promote("9.9.9")).rejects.toMatchObject({ code: "VERSION_NOT_FOUND" });
    expect(await currentVersion()).toBe("1.0.0");
  });
});

describe("a deployment that cannot be", () => {
  it.each([
    ["no runbook.md", { "templates/workflow.ts": "export default 1;" }, "RUNBOOK_MD_MISSING"],
    ["a path out of the bundle", { ...smallBundle("nav", "1.0.0"), "../x": "y" }, "PATH_UNSAFE"],
    ["a version that is none", smallBundle("nav", "one"), "VERSION_NOT_SEMVER"],
  ])("is refused with its faults: %s", async (_, files, code) => {
    const body = { tenantSlug: tenant, version: "1.0.0", files };
    const attempt = server.client().call("runbooks.deploy", { params: { slug: "nav" }, query: {}, body });
    await expect(attempt).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      details: expect.arrayContaining([expect.objectContaining({ code })]),
    });
    await expect(
      server.client().call("runbooks.versions", { params: { slug: "nav" }, query: { tenant } }),
    ).rejects.toMatchObject({ code: "RUNBOOK_NOT_FOUND" });
  });

  it("is refused when slug or version are not those of runbook.md", async () => {
    const files = smallBundle("nav", "1.0.0");
    const ask = (slug: string, version: string) =>
      server
        .client()
        .call("runbooks.deploy", { params: { slug }, query: {}, body: { tenantSlug: tenant, version, files } });
    await expect(ask("other", "1.0.0")).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      details: [{ field: "slug" }],
    });
    await expect(ask("nav", "1.0.1")).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      details: [{ field: "version" }],
    });
  });

  it("fails by itself when no worker takes it for ten minutes, and stays failed", async () => {
    const { deployment } = await deploy("1.0.0");
    const { db } = server.services;
    await sql`update deployments set created_at = now() - interval '9 minutes' where id = ${deployment.id}`.execute(db);
    await server.upkeep.tick();
    expect(await server.client().call("deployments.get", { params: { id: deployment.id } })).toMatchObject({
      status: "pending",
    });
    await sql`update deployments set created_at = now() - interval '11 minutes' where id = ${deployment.id}`.execute(
      db,
    );
    await server.upkeep.tick();
    const failed = await server.client().call("deployments.get", { params: { id: deployment.id } });
    expect(failed).toMatchObject({
      status: "failed",
      faults: [{ code: "WORKER_MISSING", message: expect.stringContaining("No worker") }],
    });
    await report(deployment.id, true);
    expect(await currentVersion()).toBeUndefined();
  });

  it("is kept alive by a worker's progress", async () => {
    const { deployment } = await deploy("1.0.0");
    const { db } = server.services;
    await sql`update deployments set created_at = now() - interval '11 minutes' where id = ${deployment.id}`.execute(
      db,
    );
    const body = { status: "progress" as const, stage: "types", seconds: 0.4 };
    await server.client(server.keys.worker).call("worker.reportDeployment", { params: { id: deployment.id }, body });
    await server.upkeep.tick();
    expect(await server.client().call("deployments.get", { params: { id: deployment.id } })).toMatchObject({
      status: "pending",
    });
  });
});

describe("what a worker is told", () => {
  it("is which hosts should run and what waits for them", async () => {
    const { deployment } = await deploy("1.0.0");
    const desired = await server.client(server.keys.worker).call("worker.desired", {});
    const mine = desired.tenants.find(({ slug }) => slug === tenant);
    expect(mine?.hosts).toEqual([
      {
        language: "typescript",
        queue: `ntro/${tenant}/ts`,
        environment: null,
        deployments: [{ id: deployment.id, slug: "nav", version: "1.0.0", digest: deployment.digest, dryRun: false }],
        repairs: [],
        replays: [],
      },
    ]);
    expect(desired.temporal).toEqual(server.settings.temporal);
    // A host's key is good for its tenant alone.
    const host = server.client(mine?.hostKey);
    expect((await host.call("worker.desired", {})).tenants.map(({ slug }) => slug)).toEqual([tenant]);
    expect(await host.call("me", {})).toMatchObject({ roles: ["worker"], tenantSlug: tenant });
  });

  it("does not want hosts of a tenant where nothing happened for ten minutes", async () => {
    await deployReady("1.0.0");
    await sql`update events set at = now() - interval '11 minutes'`.execute(server.services.db);
    const desired = await server.client(server.keys.worker).call("worker.desired", {});
    expect(desired.tenants.find(({ slug }) => slug === tenant)).toBeUndefined();
  });

  it("is a nudge at once, and one for every change", async () => {
    const abort = new AbortController();
    const nudges = server.client(server.keys.worker).stream("worker.nudges", { signal: abort.signal });
    expect((await nudges.next()).value).toEqual({ type: "changed" });
    await deploy("1.0.0");
    expect((await nudges.next()).value).toEqual({ type: "changed" });
    expect(await server.client("").call("health", {})).toMatchObject({
      worker: true,
      postgres: true,
      temporal: false,
      status: "degraded",
    });
    abort.abort();
    await expect(nudges.next()).rejects.toThrow();
  });

  it("is the archive, and the build once a host has made one", async () => {
    const { deployment } = await deploy("1.0.0");
    const worker = server.client(server.keys.worker);
    const params = { tenant, type: deployment.workflowType };
    const revision = await worker.call("worker.getRevision", { params });
    expect(revision).toMatchObject({ slug: "nav", version: "1.0.0", digest: deployment.digest, build: null });
    expect(JSON.parse(revision.archive)).toMatchObject({ format: "ntro-bundle/1", files: smallBundle("nav", "1.0.0") });

    const code = `// prelude of ${tenant}`;
    const digest = (await import("node:crypto")).createHash("sha256").update(code).digest("hex");
    const build = { prelude: digest, workflow: "w", workflowMap: "{}", activities: "a", activitiesMap: "{}" };
    await expect(worker.call("worker.putBuild", { params, body: build })).rejects.toMatchObject({
      code: "VERSION_NOT_FOUND",
    });
    const lie = worker.call("worker.putPrelude", { params: { digest }, body: { code: "other" } });
    await expect(lie).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await worker.call("worker.putPrelude", { params: { digest }, body: { code } });
    await worker.call("worker.putBuild", { params, body: build });
    expect((await worker.call("worker.getRevision", { params })).build).toEqual(build);
    expect(await worker.call("worker.getPrelude", { params: { digest } })).toEqual({ code });
  });
});

describe("the event stream", () => {
  it("replays what was missed, then goes on live, nothing twice", async () => {
    const first = (await deploy("1.0.0")).deployment;
    const abort = new AbortController();
    const seen: StreamEvent[] = [];
    for await (const event of server.client().events({ tenant, after: "0" }, { signal: abort.signal })) {
      seen.push(event);
      if (seen.length === 3) await report(first.id, true);
      if (event.type === "deployment.ready") break;
    }
    abort.abort();
    expect(seen.map(({ type }) => type)).toEqual([
      "tenant.changed",
      "tenant.changed",
      "deployment.progress",
      "deployment.ready",
    ]);
    const ids = seen.map(({ id }) => BigInt(id));
    expect(ids).toEqual([...ids].sort((a, b) => (a < b ? -1 : 1)));

    const resumed = new AbortController();
    const headers = { authorization: `Bearer ${server.keys.admin}`, "last-event-id": seen[2]?.id ?? "" };
    const response = await fetch(`${server.url}/v1/events?tenant=${tenant}`, { headers, signal: resumed.signal });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("deployment.ready")) break;
    }
    resumed.abort();
    expect(text).toContain(`id: ${seen[3]?.id}\n`);
    expect(text).not.toContain("deployment.progress");
  });

  it("shows a tenant's key nothing of other tenants", async () => {
    const mine = await server.client().call("tenants.get", { params: { tenant } });
    const { deployment } = await deploy("1.0.0");
    const client = server.client(await server.makeKey("viewer", mine.id));
    await server.client().call("tenants.create", { body: { name: "Other", slug: `${tenant}-other` } });
    const abort = new AbortController();
    const seen: StreamEvent[] = [];
    for await (const event of client.events(
      { after: "0" },
      { signal: abort.signal, opened: () => void report(deployment.id, true) },
    )) {
      seen.push(event);
      if (event.type === "deployment.ready") break;
    }
    abort.abort();
    expect(new Set(seen.map(({ tenantId }) => tenantId))).toEqual(new Set([mine.id]));
    const foreign = client.events({ tenant: `${tenant}-other` }, { signal: new AbortController().signal });
    await expect(foreign.next()).rejects.toMatchObject({ code: "TENANT_NOT_FOUND" });
  });
});
