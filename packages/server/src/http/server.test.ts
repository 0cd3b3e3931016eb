import { ErrorBody } from "@ntro/contract";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../../test/support/postgres";
import { startTestServer, type TestServer } from "../../../../test/support/server";
import { keyedRequest, once } from "./idempotent";

let postgres: TestPostgres;
let server: TestServer;

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
  await server.client().call("tenants.create", { body: { name: "Acme", slug: "acme-fund" } });
});

afterAll(async () => {
  await server.close();
  await postgres.stop();
});

interface Asked {
  readonly method?: string;
  readonly body?: string | FormData | undefined;
  readonly headers?: Record<string, string>;
}

async function ask(path: string, { method = "GET", body, headers = {} }: Asked = {}) {
  const init = { method, headers: { authorization: `Bearer ${server.keys.admin}`, ...headers }, body: body ?? null };
  const response = await fetch(`${server.url}${path}`, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? null : (JSON.parse(text) as unknown),
  };
}

function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  return ask(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

const ENTITIES = "/v1/workspace/tenants/acme-fund/entities";
const form = () => {
  const data = new FormData();
  data.set("file", new Blob(["x"]), "x.csv");
  return data;
};

describe("an error", () => {
  it.each([
    ["an unknown path", "/v1/nowhere", {}, 404, "ROUTE_NOT_FOUND"],
    ["a path outside of /v1", "/", {}, 404, "ROUTE_NOT_FOUND"],
    ["a method the path does not have", "/v1/me", { method: "DELETE" }, 404, "ROUTE_NOT_FOUND"],
    ["a path that cannot be decoded", "/v1/workspace/tenants/%ff", {}, 400, "REQUEST_INVALID"],
    ["a query that is not valid", "/v1/workspace/tenants?limit=0", {}, 400, "REQUEST_INVALID"],
    ["a cursor of ours that is none", "/v1/workspace/tenants?cursor=eHg", {}, 400, "REQUEST_INVALID"],
    ["a status that is none", "/v1/workspace/tenants?status=GONE", {}, 400, "REQUEST_INVALID"],
  ])("has the one form: %s", async (_, path, init, status, code) => {
    const answer = await ask(path, init);
    expect(answer.status).toBe(status);
    const body = ErrorBody.parse(answer.body);
    expect(body).toMatchObject({ statusCode: status, code });
    expect(body.requestId).toBe(answer.headers.get("x-request-id"));
  });

  it("names every wrong field", async () => {
    const answer = await post(ENTITIES, { name: "", slug: "A B", currency: "pounds", extra: 1 });
    expect(answer.status).toBe(400);
    const { details } = ErrorBody.parse(answer.body);
    expect(details?.map((detail) => (detail as { field: string }).field)).toEqual([
      "name",
      "slug",
      "currency",
      "extra",
    ]);
    expect((await ask(ENTITIES)).body).toEqual([]);
  });

  it.each([
    ["broken JSON", { body: "{", headers: { "content-type": "application/json" } }, 400, "REQUEST_INVALID"],
    ["no body", {}, 400, "REQUEST_INVALID"],
    ["a form where JSON is taken", { body: form() }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    ["text", { body: "x", headers: { "content-type": "text/plain" } }, 415, "MEDIA_TYPE_UNSUPPORTED"],
    [
      "more than it takes",
      { body: JSON.stringify({ name: "x".repeat(1_100_000) }), headers: { "content-type": "application/json" } },
      413,
      "BODY_TOO_LARGE",
    ],
  ])("comes of a body that cannot be used: %s", async (_, init, status, code) => {
    const answer = await ask(ENTITIES, { method: "POST", ...init });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it("comes of JSON where a form is taken", async () => {
    const answer = await post(`/v1/workspace/tasks/${crypto.randomUUID()}/files`, {});
    expect(answer).toMatchObject({ status: 415, body: { code: "MEDIA_TYPE_UNSUPPORTED" } });
  });

  it("comes of text that the database cannot hold", async () => {
    expect(await post(ENTITIES, { name: "a\u0000b", slug: "nul" })).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID" },
    });
  });

  it("of ours tells nothing of its cause", async () => {
    const { db } = server.services;
    await sql`alter table entities rename to entities_away`.execute(db);
    try {
      const answer = await post(ENTITIES, { name: "X", slug: "x" });
      expect(answer).toMatchObject({ status: 500, body: { code: "INTERNAL" } });
      expect(JSON.stringify(answer.body)).not.toMatch(/relation|entities_away|select/);
    } finally {
      await sql`alter table entities_away rename to entities`.execute(db);
    }
  });

  it("for an id of nobody and for a name of nobody is 404", async () => {
    for (const entity of [crypto.randomUUID(), "nobody"])
      expect(await ask(`${ENTITIES}/${entity}`)).toMatchObject({ status: 404, body: { code: "ENTITY_NOT_FOUND" } });
  });
});

describe("entities", () => {
  it("are made, found by id and slug, changed, and warned of when they look alike", async () => {
    const client = server.client();
    const params = { tenant: "acme-fund" };
    const body = { name: "Acme SPV 1", slug: "acme-spv1", currency: "GBP", schema_: "spv1" };
    const entity = await client.call("entities.create", { params, body });
    expect(entity).toMatchObject({ slug: "acme-spv1", schema: "spv1", schema_: "spv1", warnings: [] });
    for (const reference of [entity.id, entity.slug])
      expect((await client.call("entities.get", { params: { ...params, entity: reference } })).id).toBe(entity.id);
    const config = { ai: { provider: "NTROPII" } };
    await client.call("entities.update", { params: { ...params, entity: entity.slug }, body: { config } });
    expect((await client.call("entities.get", { params: { ...params, entity: entity.slug } })).config).toEqual(config);
    const twin = await client.call("entities.create", {
      params,
      body: { name: "ACME SPV-1 Ltd.", slug: "acme-spv1b" },
    });
    expect(twin.warnings).toMatchObject([{ kind: "duplicate_candidate", existing: { slug: "acme-spv1" } }]);
    await expect(client.call("entities.create", { params, body })).rejects.toMatchObject({ code: "ENTITY_EXISTS" });
    const near = client.call("entities.get", { params: { ...params, entity: "acme-spv" } });
    await expect(near).rejects.toMatchObject({ hint: "Did you mean acme-spv1 or acme-spv1b?" });
  });
});

describe("an Idempotency-Key", () => {
  const make = (slug: string, key: string) => post(ENTITIES, { name: slug, slug }, { "idempotency-key": key });

  it("gives the same answer to the same request, and makes nothing twice", async () => {
    const first = await make("once", "k1");
    const second = await make("once", "k1");
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });

  it("is refused for another request", async () => {
    await make("one", "k2");
    expect(await make("two", "k2")).toMatchObject({ status: 422, body: { code: "IDEMPOTENCY_MISMATCH" } });
    expect(await ask(`${ENTITIES}/two`)).toMatchObject({ status: 404 });
  });

  it("is one caller's own", async () => {
    await make("mine", "k3");
    const operator = await server.makeKey("operator");
    const answer = await post(
      ENTITIES,
      { name: "hers", slug: "hers" },
      { "idempotency-key": "k3", authorization: `Bearer ${operator}` },
    );
    expect(answer).toMatchObject({ status: 200, body: { slug: "hers" } });
  });

  it("is free again after a request that failed", async () => {
    await make("taken", "k4");
    expect(await make("taken", "k5")).toMatchObject({ status: 409 });
    expect(await make("not-taken", "k5")).toMatchObject({ status: 200 });
  });

  it("is busy while its request is worked on, and free when that was lost with its server", async () => {
    const { db } = server.services;
    const [first, second] = await Promise.all([make("race", "k6"), make("race", "k6")]);
    const codes = [first, second].map(({ status }) => status);
    expect(codes).toContain(200);
    for (const { status, body } of [first, second])
      if (status !== 200) expect(body).toMatchObject({ code: "IDEMPOTENCY_IN_PROGRESS" });
    await db.updateTable("idempotency").set({ status: null, answer: null }).where("key", "=", "k6").execute();
    expect(await make("race", "k6")).toMatchObject({ status: 409, body: { code: "IDEMPOTENCY_IN_PROGRESS" } });
    await sql`update idempotency set held_until = held_until - interval '6 seconds' where key = 'k6'`.execute(db);
    const again = await make("race", "k6");
    expect(again).toMatchObject({ status: 200, body: { slug: "race" } });
  });

  it("stays busy however long its request takes, as long as its server lives", async () => {
    const { services } = server;
    const request = keyedRequest("somebody", "k7", {});
    const until = async () => {
      const row = services.db.selectFrom("idempotency").select("held_until").where("key", "=", "k7");
      return (await row.executeTakeFirstOrThrow()).held_until.getTime();
    };
    const answer = await once(services, request, async () => {
      const first = await until();
      await expect.poll(until, { timeout: 10_000 }).toBeGreaterThan(first);
      return "done";
    });
    expect(answer).toBe("done");
    expect(await once(services, request, async () => "again")).toEqual({ repeated: "done" });
  });

  it("has a form", async () => {
    expect(await make("formless", "x".repeat(300))).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  });
});
