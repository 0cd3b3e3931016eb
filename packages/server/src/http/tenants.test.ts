import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";
import { tenantDatabaseName } from "../store/tenant-databases";
import { createTenantDatabase } from "../store/tenant-provisioning";

let postgres: TestPostgres;
let server: TestServer;

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
});

afterAll(async () => {
  await server.close();
  await postgres.stop();
});

async function rows(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function create(slug: string, idempotencyKey?: string) {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  return server.client().call("tenants.create", { body: { name: slug, slug }, ...key });
}

describe("creating a tenant", () => {
  it("ends ACTIVE, with a database and a role of its own", async () => {
    const tenant = await create("acme-fund");
    expect(tenant).toMatchObject({ slug: "acme-fund", status: "ACTIVE", entityCount: 0, failure: null });
    expect(await server.client().call("tenants.list", { query: {} })).toEqual([tenant]);

    const url = server.services.tenantDatabases.roleUrl(tenant.id);
    await expect(rows(url, "create table ledgers.lines (id int)")).resolves.toEqual([]);
    await expect(rows(url, "create schema if not exists ledgers")).resolves.toEqual([]);
    await expect(rows(url, "select * from ntro.revisions")).rejects.toThrow("permission denied for schema ntro");
  });

  it("closes every other database to the tenant's role", async () => {
    const [first, second] = [await create("alpha-fund"), await create("beta-fund")];
    for (const database of [tenantDatabaseName(second.id), "ntro_workspace", "postgres", "template1"]) {
      const url = new URL(server.services.tenantDatabases.roleUrl(first.id));
      url.pathname = `/${database}`;
      await expect(rows(url.href, "select 1"), database).rejects.toThrow("permission denied for database");
    }
  });

  it("refuses a slug in use, and one that was in use", async () => {
    await create("gone-fund");
    await expect(create("gone-fund")).rejects.toMatchObject({ code: "TENANT_EXISTS" });
    await server.client().call("tenants.delete", { params: { tenant: "gone-fund" } });
    await expect(create("gone-fund")).rejects.toMatchObject({ code: "TENANT_EXISTS" });
  });

  it("is the same tenant when the same request comes twice, also when the first answer was lost", async () => {
    const [first, second] = [await create("twice-fund", "key-1"), await create("twice-fund", "key-1")];
    expect(second).toEqual(first);
    await server.services.db.deleteFrom("idempotency").where("key", "=", "key-1").execute();
    expect((await create("twice-fund", "key-1")).id).toBe(first.id);
  });

  it("refuses platforms that are not served, and wrong fields by name", async () => {
    const body = { name: "X", slug: "x", dataPlatform: "snowflake" as const };
    await expect(server.client().call("tenants.create", { body })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    const wrong = server.client().call("tenants.create", { body: { name: "X", slug: "Not A Slug" } });
    await expect(wrong).rejects.toMatchObject({ code: "REQUEST_INVALID", details: [{ field: "slug" }] });
    expect(await server.client().call("tenants.list", { query: { status: "PROVISIONING" } })).toEqual([]);
  });
});

describe("setting up that was interrupted", () => {
  /** What a server leaves that was killed at some point of setting a tenant up. */
  async function leaveHalf(slug: string, done: (tenant: { id: string; slug: string }) => Promise<void>) {
    const { db } = server.services;
    const row = { name: slug, slug, data_platform: "managed-postgres" as const, status: "PROVISIONING" as const };
    const tenant = await db.insertInto("tenants").values(row).returning(["id", "slug"]).executeTakeFirstOrThrow();
    await done(tenant);
    return tenant;
  }

  it.each([
    ["before anything", async () => {}],
    [
      "after its role",
      async (tenant: { id: string }) => {
        await rows(postgres.url, `create role "${tenantDatabaseName(tenant.id)}"`);
      },
    ],
    [
      "after its database",
      async (tenant: { id: string }) => {
        await rows(postgres.url, `create role "${tenantDatabaseName(tenant.id)}" login`);
        await rows(postgres.url, `create database "${tenantDatabaseName(tenant.id)}"`);
      },
    ],
    [
      "after everything but the status",
      async (tenant: { id: string; slug: string }) => {
        await createTenantDatabase(postgres.url, tenant, server.settings.secret, server.services.log);
      },
    ],
  ])("goes on at the next start: %s", async (when, done) => {
    const tenant = await leaveHalf(`half-${when.replaceAll(" ", "-")}`, done);
    const next = await startTestServer(postgres.url, {
      settings: { secret: server.settings.secret },
      keys: server.keys,
    });
    await next.upkeep.tick();
    expect(await next.client().call("tenants.get", { params: { tenant: tenant.slug } })).toMatchObject({
      status: "ACTIVE",
    });
    await next.close();
    const url = server.services.tenantDatabases.roleUrl(tenant.id);
    expect(await rows(url, "select count(*)::int as n from ingest.submitted_documents")).toEqual([{ n: 0 }]);
  });

  it("says why it failed, and succeeds when the tenant is created again", async () => {
    const tenant = await leaveHalf("fails-fund", async ({ id }) => {
      await rows(postgres.url, `create role "${tenantDatabaseName(id)}" login`);
      await rows(postgres.url, `create database "${tenantDatabaseName(id)}"`);
      const url = new URL(postgres.url);
      url.pathname = `/${tenantDatabaseName(id)}`;
      // A view in the way of a table.
      await rows(url.href, "create schema ingest; create view ingest.submitted_documents as select 1 as x");
    });
    await server.upkeep.tick();
    const failed = await server.client().call("tenants.get", { params: { tenant: tenant.slug } });
    expect(failed).toMatchObject({ status: "FAILED", failure: expect.stringContaining("could not be made") });
    const url = new URL(postgres.url);
    url.pathname = `/${tenantDatabaseName(tenant.id)}`;
    await rows(url.href, "drop view ingest.submitted_documents");
    expect(await create(tenant.slug)).toMatchObject({ id: tenant.id, status: "ACTIVE" });
  });
});

describe("deleting a tenant", () => {
  it("drops database and role, revokes its keys, and keeps the row", async () => {
    const tenant = await create("closing-fund");
    const key = await server.makeKey("operator", tenant.id);
    const deleted = await server.client().call("tenants.delete", { params: { tenant: tenant.slug } });
    expect(deleted.status).toBe("DEPROVISIONING");
    await server.upkeep.tick();
    const status = (await server.client().call("tenants.get", { params: { tenant: tenant.slug } })).status;
    expect(status).toBe("DECOMMISSIONED");
    const name = tenantDatabaseName(tenant.id);
    expect(await rows(postgres.url, `select 1 from pg_database where datname = '${name}'`)).toEqual([]);
    expect(await rows(postgres.url, `select 1 from pg_roles where rolname = '${name}'`)).toEqual([]);
    await expect(server.client(key).call("me", {})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const listed = await server.client().call("tenants.list", { query: { status: "DECOMMISSIONED" } });
    expect(listed.map(({ slug }) => slug)).toContain("closing-fund");
  });

  it("is refused while tasks are open", async () => {
    const { db } = server.services;
    const tenant = await create("busy-fund");
    const ids = {
      tenant_id: tenant.id,
      deployed_by: "x",
      digest: "a".repeat(64),
      workflow_type: "x@1.0.0+aaaaaaaaaaaa",
    };
    const entity = await server
      .client()
      .call("entities.create", { params: { tenant: tenant.id }, body: { name: "E", slug: "e" } });
    const revision = await db
      .insertInto("revisions")
      .values({ ...ids, slug: "x", version: "1.0.0", language: "typescript", manifest: "{}" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const workflow = await db
      .insertInto("workflows")
      .values({ tenant_id: tenant.id, entity_id: entity.id, runbook_slug: "x" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const task = {
      tenant_id: tenant.id,
      entity_id: entity.id,
      workflow_id: workflow.id,
      revision_id: revision.id,
      title: "T",
    };
    await db
      .insertInto("tasks")
      .values({ ...task, id: crypto.randomUUID(), status: "BLOCKED", context: "{}", created_by: "x" })
      .execute();
    const attempt = server.client().call("tenants.delete", { params: { tenant: tenant.id } });
    await expect(attempt).rejects.toMatchObject({ code: "TENANT_BUSY" });
    expect((await server.client().call("tenants.get", { params: { tenant: tenant.id } })).status).toBe("ACTIVE");
  });
});

describe("finding a tenant", () => {
  it("lists near ones for an unknown name", async () => {
    const attempt = server.client().call("tenants.get", { params: { tenant: "acme-fun" } });
    await expect(attempt).rejects.toMatchObject({
      code: "TENANT_NOT_FOUND",
      message: "There is no tenant `acme-fun`.",
      hint: "Did you mean acme-fund?",
    });
  });

  it("tells a key of one tenant nothing about another", async () => {
    const [mine, theirs] = [await create("mine-fund"), await create("mind-fund")];
    const client = server.client(await server.makeKey("operator", mine.id));
    for (const tenant of [theirs.id, theirs.slug, "mine-fundx"]) {
      const attempt = client.call("tenants.get", { params: { tenant } });
      const hint = tenant === theirs.id ? expect.any(String) : "Did you mean mine-fund?";
      await expect(attempt).rejects.toMatchObject({ code: "TENANT_NOT_FOUND", hint });
    }
    expect((await client.call("tenants.list", { query: {} })).map(({ slug }) => slug)).toEqual(["mine-fund"]);
  });

  it("gives every tenant once, page by page", async () => {
    const all = await server.client().call("tenants.list", { query: {} });
    const seen: string[] = [];
    let path: string | undefined = "/v1/workspace/tenants?limit=2";
    while (path) {
      const headers = { authorization: `Bearer ${server.keys.admin}` };
      const response: Response = await fetch(`${server.url}${path}`, { headers });
      seen.push(...((await response.json()) as { slug: string }[]).map(({ slug }) => slug));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    }
    expect(seen).toEqual(all.map(({ slug }) => slug));
    expect(all.length).toBeGreaterThan(4);
  });
});
