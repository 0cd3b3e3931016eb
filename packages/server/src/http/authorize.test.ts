import { ErrorBody, PERMISSIONS, ROUTES, Role, type Route, type RouteName } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallBundle } from "../../../../test/support/bundle";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";
import { authorKey, hostKey, makeKey } from "../secrets";

/**
 * What a route concerns, and so what a key of another tenant gets from it: `nothing` that belongs to a tenant, a `list` of what the caller may see,
 * the `organisation` (403), or one `row` (404).
 */
type Concern = "nothing" | "list" | "organisation" | "row";

/** Every route of the platform must be listed here, or this file does not compile. */
const CONCERNS: Record<RouteName, Concern> = {
  health: "nothing",
  me: "nothing",
  "tenants.list": "list",
  "tenants.create": "organisation",
  "tenants.get": "row",
  "tenants.update": "row",
  "tenants.delete": "organisation",
  "secrets.list": "row",
  "secrets.put": "row",
  "secrets.delete": "row",
  "entities.listAll": "list",
  "entities.list": "row",
  "entities.create": "row",
  "entities.get": "row",
  "entities.update": "row",
  "entities.tasks": "row",
  "runbooks.list": "list",
  "runbooks.get": "row",
  "runbooks.versions": "row",
  "runbooks.deploy": "row",
  "runbooks.promote": "row",
  "runbooks.files": "row",
  "runbooks.preview": "row",
  "runbooks.prune": "row",
  "deployments.get": "row",
  "workflows.list": "list",
  "workflows.create": "row",
  "workflows.put": "row",
  "workflows.plan": "row",
  "workflows.get": "row",
  "workflows.update": "row",
  "workflows.delete": "row",
  "schedules.list": "list",
  "schedules.get": "row",
  "schedules.pause": "row",
  "schedules.resume": "row",
  "schedules.trigger": "row",
  "schedules.preview": "row",
  "schedules.previewAny": "nothing",
  "schedules.ledger": "row",
  "tasks.create": "row",
  "tasks.list": "list",
  "tasks.get": "row",
  "tasks.nextStep": "row",
  "tasks.logs": "row",
  "tasks.approve": "row",
  "tasks.reject": "row",
  "tasks.rowAction": "row",
  "tasks.submitFile": "row",
  "tasks.ingestData": "row",
  "tasks.addReasoning": "row",
  "tasks.listReasoning": "row",
  "tasks.cancel": "row",
  "schedule.list": "list",
  "backfills.create": "row",
  "backfills.plan": "row",
  "backfills.list": "list",
  "backfills.get": "row",
  "backfills.cancel": "row",
  "repairs.create": "row",
  "repairs.checkOpen": "row",
  "repairs.get": "row",
  events: "list",
  "worker.desired": "list",
  "worker.nudges": "list",
  "worker.reportDeployment": "row",
  // Names only what the caller may know of.
  "worker.prunedRevisions": "list",
  "worker.getRevision": "row",
  "worker.putBuild": "row",
  "worker.getPrelude": "nothing",
  "worker.putPrelude": "nothing",
  "worker.reportReplay": "row",
  // Rows of other tenants in a batch are left out, not refused.
  "worker.report": "list",
  // Says `skipped` of a foreign workflow as of one that is not there.
  "worker.dispatch": "list",
  // A foreign backfill is over, as one that is not there.
  "worker.backfillPeriod": "list",
  "worker.backfillWait": "list",
  "worker.backfillEnd": "list",
};
const NAMES = Object.keys(ROUTES) as RouteName[];

let postgres: TestPostgres;
let server: TestServer;
/** Ids of rows of the tenant that the keys of the test do not belong to. */
const theirs = { tenant: "theirs", entity: "", deployment: "", type: "", workflow: "", task: "", backfill: "" };
let theirTenant = "";
let otherTenant = "";
const digest = "0".repeat(64);

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
  const admin = server.client();
  for (const slug of ["theirs", "other"]) await admin.call("tenants.create", { body: { name: slug, slug } });
  theirTenant = (await admin.call("tenants.get", { params: { tenant: theirs.tenant } })).id;
  otherTenant = (await admin.call("tenants.get", { params: { tenant: "other" } })).id;
  const entity = await admin.call("entities.create", { params: { tenant: "theirs" }, body: { name: "E", slug: "e" } });
  const body = { tenantSlug: "theirs", version: "1.0.0", files: smallBundle("nav", "1.0.0") };
  const { deployment } = await admin.call("runbooks.deploy", { params: { slug: "nav" }, query: { wait: 0 }, body });
  const { db } = server.services;
  const tenant_id = entity.tenantId;
  const workflow = await db
    .insertInto("workflows")
    .values({ tenant_id, entity_id: entity.id, runbook_slug: "nav" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const { revision_id } = await db.selectFrom("deployments").select("revision_id").executeTakeFirstOrThrow();
  const task = { id: crypto.randomUUID(), tenant_id, entity_id: entity.id, workflow_id: workflow.id, revision_id };
  const started = { title: "T", status: "BLOCKED" as const, context: "{}", created_by: "test" };
  await db
    .insertInto("tasks")
    .values({ ...task, ...started })
    .execute();
  const backfill = { id: crypto.randomUUID(), tenant_id, workflow_id: workflow.id, context: "{}", actor: "{}" };
  await db
    .insertInto("backfills")
    .values({ ...backfill, max_parallel: 1, again: false, ended_at: new Date() })
    .execute();
  Object.assign(theirs, {
    backfill: backfill.id,
    entity: entity.id,
    deployment: deployment.id,
    type: deployment.workflowType,
    workflow: workflow.id,
    task: task.id,
  });
});

afterAll(async () => {
  await server.close();
  await postgres.stop();
});

/** Values for path parameters, by route family and name. */
function pathOf(name: RouteName): string {
  const id =
    name.startsWith("tasks.") || name === "repairs.create"
      ? theirs.task
      : /^(workflows|schedules)\./.test(name)
        ? theirs.workflow
        : name.toLowerCase().includes("backfill")
          ? theirs.backfill
          : theirs.deployment;
  const values: Record<string, string> = {
    period: "2026-03",
    task: theirs.task,
    tenant: theirs.tenant,
    entity: theirs.entity,
    slug: "nav",
    id,
    type: theirs.type,
    name: "SOME_KEY",
    digest,
  };
  return ROUTES[name].path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(values[key] ?? ""));
}

/** A body that is good, where only a good one gets as far as the row. */
function bodyOf(name: RouteName): unknown {
  const build = { prelude: digest, workflow: "", workflowMap: "", activities: "", activitiesMap: "" };
  const bodies: Partial<Record<RouteName, unknown>> = {
    "tenants.create": { name: "New", slug: "new-one" },
    "tenants.update": { config: {} },
    "entities.create": { name: "New", slug: "new-one" },
    "entities.update": { config: {} },
    "runbooks.deploy": { tenantSlug: "theirs", version: "1.0.0", files: smallBundle("nav", "1.0.0") },
    "runbooks.promote": { tenantSlug: "theirs", version: "1.0.0" },
    "runbooks.preview": { tenantSlug: "theirs", version: "1.0.0", digest, deploys: true, pin: false, workflow: null },
    "runbooks.prune": { tenantSlug: "theirs" },
    "workflows.create": { runbookSlug: "nav", entityId: theirs.entity },
    "workflows.put": { runbookSlug: "nav", entityId: theirs.entity },
    "workflows.plan": { runbookSlug: "nav", entityId: theirs.entity },
    "workflows.update": { description: "x" },
    "tasks.create": { tenantId: "theirs", entityId: "e", workflowId: "nav" },
    "backfills.create": { tenantId: "theirs", workflowId: "nav", from: "2026-01", to: "2026-01" },
    "backfills.plan": { tenantId: "theirs", workflowId: "nav", from: "2026-01", to: "2026-01" },
    "tasks.rowAction": { action: "reject_row", rowId: "1" },
    "tasks.ingestData": { data: { amount: 1 } },
    "tasks.addReasoning": { type: "reasoning.start", source: "worker", seq: 1, payload: {} },
    "secrets.put": { value: "x" },
    "worker.reportDeployment": { status: "progress", stage: "types", seconds: 1 },
    "worker.prunedRevisions": { revisions: [] },
    "worker.putBuild": build,
    "worker.putPrelude": { code: "x" },
    "worker.report": { reports: [] },
    "repairs.create": { to: "1.0.0" },
    "repairs.checkOpen": { tenantSlug: "theirs" },
    "worker.reportReplay": { status: "fits", events: 3 },
    "worker.dispatch": { workflowId: theirs.workflow, nominalTime: "2026-04-05T07:00:00Z" },
  };
  return bodies[name] ?? {};
}

/** The status and body of a request with a key; streams are left at once. */
async function ask(name: RouteName, key: string | undefined): Promise<{ status: number; body: unknown }> {
  const route: Route = ROUTES[name];
  const headers = new Headers(key === undefined ? {} : { authorization: `Bearer ${key}` });
  const init: RequestInit = { method: route.method, headers };
  if (route.multipart) {
    const form = new FormData();
    form.set("file", new Blob(["x"]), "x.csv");
    init.body = form;
  } else if (route.method !== "GET" && route.method !== "DELETE") {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(bodyOf(name));
  }
  const queries: Partial<Record<RouteName, string>> = {
    "runbooks.get": "?tenant=theirs",
    "runbooks.versions": "?tenant=theirs",
    "runbooks.files": "?tenant=theirs",
    "runbooks.deploy": "?wait=0",
  };
  const query = queries[name] ?? "";
  const abort = new AbortController();
  const response = await fetch(`${server.url}/v1${pathOf(name)}${query}`, { ...init, signal: abort.signal });
  const stream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  const text = stream ? "" : await response.text();
  abort.abort();
  return { status: response.status, body: text === "" ? null : JSON.parse(text) };
}

const isOpen = (name: RouteName) => ROUTES[name].permission === null;

it("every route is listed above", () => {
  expect(Object.keys(CONCERNS).sort()).toEqual([...NAMES].sort());
});

describe.each(NAMES)("%s", (name) => {
  it("is refused without a key and with an unknown one, unless it is open to anybody", async () => {
    for (const key of [undefined, makeKey(), `ntro_host_${otherTenant}_${"A".repeat(43)}`]) {
      const { status, body } = await ask(name, key);
      if (isOpen(name)) expect(status).toBe(200);
      else {
        expect(status).toBe(401);
        expect(ErrorBody.parse(body)).toMatchObject({ code: "UNAUTHENTICATED" });
      }
    }
  });

  it.each(Role.options)("asks for its permission: %s", async (role) => {
    const permission = ROUTES[name].permission;
    if (permission === null) return;
    // Author code has derived keys, of one tenant each.
    const key = role === "author" ? authorKey(server.settings.secret, theirTenant) : await server.makeKey(role);
    const { status, body } = await ask(name, key);
    if (PERMISSIONS[role].includes(permission)) expect([401, 403]).not.toContain(status);
    else {
      expect(status).toBe(403);
      expect(ErrorBody.parse(body)).toMatchObject({ code: "FORBIDDEN" });
    }
  });

  it("keeps one tenant's rows from keys of another", async () => {
    const permission = ROUTES[name].permission;
    if (permission === null) return;
    const { secret } = server.settings;
    const keys: string[] = [];
    if (permission === "worker") keys.push(await server.makeKey("worker", otherTenant), hostKey(secret, otherTenant));
    else if (permission === "tell") keys.push(authorKey(secret, otherTenant));
    else keys.push(await server.makeKey("admin", otherTenant));
    for (const key of keys) {
      const { status, body } = await ask(name, key);
      const concern = CONCERNS[name];
      if (concern === "row") {
        expect(status).toBe(404);
        expect(ErrorBody.parse(body).code).toMatch(/_NOT_FOUND$/);
      } else if (concern === "organisation") expect(status).toBe(403);
      else {
        expect([200, 400, 404]).toContain(status);
        expect(JSON.stringify(body)).not.toContain(theirs.entity);
        expect(JSON.stringify(body)).not.toContain("theirs");
      }
    }
  });
});

describe("a key", () => {
  it("is no good any more once it is revoked", async () => {
    const key = await server.makeKey("viewer");
    expect((await ask("me", key)).status).toBe(200);
    await server.services.db
      .updateTable("api_keys")
      .set({ revoked_at: new Date() })
      .where("prefix", "=", key.slice(0, 10))
      .execute();
    expect((await ask("me", key)).status).toBe(401);
  });

  it("made by the launcher replaces the one it made before", async () => {
    const next = await startTestServer(postgres.url, { settings: { secret: server.settings.secret } });
    expect((await ask("me", server.keys.admin)).status).toBe(401);
    expect((await ask("me", next.keys.admin)).status).toBe(200);
    await next.close();
    const again = await startTestServer(postgres.url, {
      settings: { secret: server.settings.secret },
      keys: server.keys,
    });
    expect((await ask("me", server.keys.admin)).status).toBe(200);
    await again.close();
  });
});
