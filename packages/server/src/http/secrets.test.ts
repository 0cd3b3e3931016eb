import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";
import { upgradeTenants } from "../tenant-lifecycle";

const VALUE = "sk-very-secret-1234567890";
let postgres: TestPostgres;
let server: TestServer;
let tenantId = "";

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
  for (const slug of ["acme", "other"]) {
    const { id } = await server.client().call("tenants.create", { body: { name: slug, slug } });
    if (slug === "acme") tenantId = id;
    const files = { "templates/workflow.py": "", "templates/activities.py": "" };
    const body = { tenantSlug: slug, version: "1.0.0", files };
    await server.client().call("runbooks.deploy", { params: { slug: "nav" }, query: { wait: 0 }, body });
  }
});

afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const put = (name: string, value: string, tenant = "acme") =>
  server.client().call("secrets.put", { params: { tenant, name }, body: { value } });
const list = (tenant = "acme") => server.client().call("secrets.list", { params: { tenant } });

async function given(slug = "acme"): Promise<Record<string, string> | undefined> {
  const desired = await server.client(server.keys.worker).call("worker.desired", {});
  return desired.tenants.find((tenant) => tenant.slug === slug)?.secrets;
}

describe("a tenant's secrets", () => {
  it("are given to its hosts, and to nobody else", async () => {
    expect(await given()).toEqual({});
    expect(await put("ANTHROPIC_API_KEY", VALUE)).toMatchObject({
      name: "ANTHROPIC_API_KEY",
      updatedBy: "Local admin",
    });
    await put("NTRO_AI_BASE_URL", "http://127.0.0.1:9/v1");
    expect(await given()).toEqual({ ANTHROPIC_API_KEY: VALUE, NTRO_AI_BASE_URL: "http://127.0.0.1:9/v1" });
    expect(await given("other")).toEqual({});
    const listed = await list();
    expect(listed.map(({ name }) => name)).toEqual(["ANTHROPIC_API_KEY", "NTRO_AI_BASE_URL"]);
    expect(JSON.stringify(listed)).not.toContain(VALUE);
  });

  it("change and go, for running hosts too: workers are told", async () => {
    const abort = new AbortController();
    const nudges = server.client(server.keys.worker).stream("worker.nudges", { signal: abort.signal });
    await nudges.next();
    await put("ANTHROPIC_API_KEY", "sk-new");
    await nudges.next();
    expect((await given())?.ANTHROPIC_API_KEY).toBe("sk-new");
    const params = { tenant: "acme", name: "ANTHROPIC_API_KEY" };
    await server.client().call("secrets.delete", { params });
    await nudges.next();
    abort.abort();
    expect(Object.keys((await given()) ?? {})).toEqual(["NTRO_AI_BASE_URL"]);
    await expect(server.client().call("secrets.delete", { params })).rejects.toMatchObject({
      code: "SECRET_NOT_FOUND",
    });
  });

  it("stand nowhere in clear, neither in a database nor in the audit log", async () => {
    await put("EMAIL_SMTP_PASSWORD", VALUE);
    const { tenantDatabases, db } = server.services;
    const read = () =>
      tenantDatabases.query<{ name: string; ciphertext: Buffer }>(tenantId, "select * from ntro.secrets order by name");
    const before = (await read()).find(({ name }) => name === "EMAIL_SMTP_PASSWORD");
    expect(before?.ciphertext.includes(VALUE)).toBe(false);
    await put("EMAIL_SMTP_PASSWORD", VALUE);
    const after = (await read()).find(({ name }) => name === "EMAIL_SMTP_PASSWORD");
    // A nonce of its own each time.
    expect(after?.ciphertext.equals(before?.ciphertext ?? Buffer.alloc(0))).toBe(false);
    const audit = await sql<{ all: string }>`select string_agg(detail::text || action, ' ') as all from audit`.execute(
      db,
    );
    expect(audit.rows[0]?.all).toContain("tenant.secret_set");
    expect(audit.rows[0]?.all).toContain("EMAIL_SMTP_PASSWORD");
    expect(audit.rows[0]?.all).not.toContain(VALUE);
  });

  it("cannot be moved to another name: then none is given, and the rest of the platform goes on", async () => {
    await put("FIRST_KEY", "1");
    await server.services.tenantDatabases.query(
      tenantId,
      "update ntro.secrets set name = 'SECOND_KEY' where name = 'FIRST_KEY'",
    );
    await put("THIRD_KEY", "3");
    expect(await given()).toEqual({});
    expect(await given("other")).toEqual({});
    await server.client().call("secrets.delete", { params: { tenant: "acme", name: "SECOND_KEY" } });
    expect((await given())?.THIRD_KEY).toBe("3");
  });

  it.each([
    "anthropic_key",
    "1KEY",
    "WITH-DASH",
    "PATH",
    "PYTHONPATH",
    "LD_PRELOAD",
    "NTRO_TENANT_POSTGRES_URL",
    "TEMPORAL_HOST",
    "A".repeat(129),
  ])("cannot be called %s", async (name) => {
    await expect(put(name, "x")).rejects.toMatchObject({ code: "REQUEST_INVALID", details: [{ field: "name" }] });
  });

  it.each([
    ["", "empty"],
    ["a\0b", "with a NUL"],
    ["x".repeat(16_385), "too long"],
  ])("cannot be %#: %s", async (value) => {
    await expect(put("A_KEY", value)).rejects.toMatchObject({ code: "REQUEST_INVALID", details: [{ field: "value" }] });
  });
});

describe("a tenant of an earlier version", () => {
  it("gets the tables it lacks when a server starts, and keeps what it has", async () => {
    const { tenantDatabases, db } = server.services;
    await put("KEPT_KEY", "kept");
    await tenantDatabases.query(tenantId, "drop table ntro.reasoning");
    await db.updateTable("tenants").set({ schema_digest: null }).where("id", "=", tenantId).execute();
    await upgradeTenants(server.services);
    expect(await tenantDatabases.query(tenantId, "select 1 from ntro.reasoning")).toEqual([]);
    expect((await given())?.KEPT_KEY).toBe("kept");
  });
});
