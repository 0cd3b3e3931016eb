import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../test/support/postgres";
import { CutProxy } from "../../../test/support/proxy";
import { startTestServer, type TestServer } from "../../../test/support/server";
import { withClient } from "./store/tenant-provisioning";

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startTestPostgres();
});

afterAll(async () => {
  await postgres.stop();
});

describe("while Postgres is away", () => {
  let proxy: CutProxy;
  let server: TestServer;

  beforeAll(async () => {
    const url = new URL(postgres.url);
    proxy = new CutProxy({ host: url.hostname, port: Number(url.port) });
    await proxy.open();
    url.host = proxy.address;
    server = await startTestServer(url.href);
    await server.client().call("tenants.create", { body: { name: "Acme", slug: "acme-fund" } });
  });

  afterAll(async () => {
    await server.close();
    await proxy.cut();
  });

  it("answers that it is, lives on, and goes on when it is back, events included", async () => {
    await proxy.cut();
    for (let times = 0; times < 3; times++)
      await expect(server.client().call("tenants.list", { query: {} })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        status: 503,
      });
    expect(await server.client("").call("health", {})).toMatchObject({ status: "degraded", postgres: false });
    await server.upkeep.tick();

    await proxy.open();
    expect(await server.client().call("tenants.list", { query: {} })).toHaveLength(1);
    const abort = new AbortController();
    let created: Promise<unknown> = Promise.resolve();
    const create = () => {
      created = server.client().call("tenants.create", { body: { name: "Next", slug: "next-fund" } });
    };
    const events = server.client().events({}, { signal: abort.signal, opened: create });
    expect((await events.next()).value).toMatchObject({ type: "tenant.changed" });
    await created;
    abort.abort();
    await expect(events.next()).rejects.toThrow();
  });

  it("does not lose a tenant whose set-up it interrupts", async () => {
    const { db } = server.services;
    await proxy.cut();
    const created = server
      .client()
      .call("tenants.create", { body: { name: "Cut", slug: "cut-fund" }, idempotencyKey: "cut" });
    await expect(created).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await proxy.open();
    await db
      .insertInto("tenants")
      .values({ name: "Half", slug: "half-fund", data_platform: "managed-postgres", status: "PROVISIONING" })
      .execute();
    await server.upkeep.tick();
    expect((await server.client().call("tenants.get", { params: { tenant: "half-fund" } })).status).toBe("ACTIVE");
    const again = await server
      .client()
      .call("tenants.create", { body: { name: "Cut", slug: "cut-fund" }, idempotencyKey: "cut" });
    expect(again.status).toBe("ACTIVE");
  });
});

describe("two servers on one database", () => {
  it("start at once, and tell each other's listeners", async () => {
    const [first, second] = await Promise.all([startTestServer(postgres.url), startTestServer(postgres.url)]);
    const keys = { admin: await first.makeKey("admin") };
    const abort = new AbortController();
    let created: Promise<unknown> = Promise.resolve();
    const create = () => {
      created = second.client(keys.admin).call("tenants.create", { body: { name: "Far", slug: "far-fund" } });
    };
    const events = first.client(keys.admin).events({}, { signal: abort.signal, opened: create });
    for await (const event of events) if (event.data.slug === "far-fund" && event.data.status === "ACTIVE") break;
    await created;
    abort.abort();
    await Promise.all([first.close(), second.close()]);
  });
});

describe("a role that is no superuser", () => {
  it("serves as well, when it may create databases and roles", async () => {
    const own = await startTestPostgres();
    const url = new URL(own.url);
    url.username = "platform";
    url.password = "platform-secret";
    const log = (await import("pino")).pino({ level: "silent" });
    await withClient(own.url, log, async (client) => {
      await client.query("create role platform login createdb createrole password 'platform-secret'");
    });
    const server = await startTestServer(url.href);
    try {
      const tenant = await server.client().call("tenants.create", { body: { name: "Acme", slug: "acme-fund" } });
      expect(tenant).toMatchObject({ status: "ACTIVE", failure: null });
      await withClient(server.services.tenantDatabases.roleUrl(tenant.id), log, async (client) => {
        await client.query("create table ledgers.lines (id int)");
        await expect(client.query("select * from ntro.answers")).rejects.toThrow("permission denied");
      });
      await server.client().call("tenants.delete", { params: { tenant: "acme-fund" } });
      await server.upkeep.tick();
      expect((await server.client().call("tenants.get", { params: { tenant: "acme-fund" } })).status).toBe(
        "DECOMMISSIONED",
      );
    } finally {
      await server.close();
      await own.stop();
    }
  });
});

describe("closing", () => {
  it("ends streams and leaves no connection", async () => {
    const server = await startTestServer(postgres.url);
    const abort = new AbortController();
    const opened = new Promise<void>((resolve) => {
      const events = server.client().events({}, { signal: abort.signal, opened: resolve });
      void events.next().catch(() => {});
    });
    await opened;
    await server.close();
    abort.abort();
    await expect(server.client().call("health", {})).rejects.toMatchObject({ code: "SERVER_UNREACHABLE" });
  });
});
