import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestCli, testCli } from "../../packages/cli/src/testing/run-in-process";
import { startTestPostgres, type TestPostgres } from "../support/postgres";
import { startTestServer, type TestServer } from "../support/server";

let postgres: TestPostgres;
let server: TestServer;
let cli: TestCli;

beforeAll(async () => {
  postgres = await startTestPostgres();
  server = await startTestServer(postgres.url);
  cli = testCli();
  const login = ["auth", "login", "--host", server.url, "--api-key-stdin"];
  expect(await cli.run(login, { stdin: server.keys.admin })).toMatchObject({ exit: 0 });
});
afterAll(async () => {
  cli.remove();
  await server.close();
  await postgres.stop();
});

describe("auth", () => {
  it("tests the connection that is named, not the default", async () => {
    expect(await cli.run(["auth", "test"])).toMatchObject({
      exit: 0,
      stderr: expect.stringContaining("✓ Connected to"),
    });
    await cli.run(["auth", "login", "-n", "wrong", "--host", server.url, "--api-key-stdin"], {
      stdin: "ntro_key_wrong",
    });
    const wrong = await cli.run(["auth", "test", "-c", "wrong", "-o", "json"]);
    expect(wrong.exit).toBe(4);
    expect(JSON.parse(wrong.stdout)).toMatchObject({ code: "UNAUTHENTICATED", statusCode: 401 });
  });

  it("uses NTRO_API_KEY, and sends no key to a host it knows none for", async () => {
    const viewer = await server.makeKey("viewer");
    const asViewer = await cli.run(["auth", "whoami", "-o", "json"], { env: { NTRO_API_KEY: viewer } });
    expect(JSON.parse(asViewer.stdout)).toMatchObject({ roles: ["viewer"] });
    const elsewhere = server.url.replace("127.0.0.1", "localhost");
    expect(await cli.run(["auth", "whoami", "--host", elsewhere])).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("✗"),
    });
  });
});

describe("tenants and entities", () => {
  it("are created, listed and shown, as text and as JSON", async () => {
    const create = [
      "tenant",
      "create",
      "--name",
      "Acme Fund",
      "--slug",
      "acme-fund",
      "--data-platform",
      "managed-postgres",
    ];
    const created = await cli.run(create);
    expect(created).toMatchObject({ exit: 0, stderr: expect.stringContaining("✓ Tenant acme-fund is active.") });
    expect(created.stdout).toMatch(/slug +acme-fund\n/);
    const entity = await cli.run([
      ...["entity", "create", "--tenant", "acme-fund", "--name", "Acme SPV 1", "--slug", "acme-spv1"],
      ...[
        "--type",
        "real-estate-spv",
        "--jurisdiction",
        "Jersey",
        "--currency",
        "GBP",
        "--schema",
        "spv1",
        "-o",
        "json",
      ],
    ]);
    expect(JSON.parse(entity.stdout)).toMatchObject({ slug: "acme-spv1", currency: "GBP", schema: "spv1" });
    const list = JSON.parse((await cli.run(["tenant", "list", "-o", "json"])).stdout);
    expect(list).toMatchObject([{ slug: "acme-fund", status: "ACTIVE", entityCount: 1 }]);
    const env = { NTRO_TENANT: "acme-fund", NTRO_ENTITY: "acme-spv1" };
    expect((await cli.run(["entity", "info"], { env })).stdout).toMatch(/slug +acme-spv1\n/);
    expect((await cli.run(["entity", "list"], { env })).stdout).toContain("acme-spv1");
  });

  it("answer to mistakes with the way out, and nothing is changed", async () => {
    const again = await cli.run(["tenant", "create", "--name", "Other", "--slug", "acme-fund"]);
    expect(again).toMatchObject({ exit: 1, stdout: "" });
    expect(await cli.run(["tenant", "info", "acme-fnd"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("acme-fund"),
    });
    expect(await cli.run(["entity", "info", "acme-spv", "--tenant", "acme-fund"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("acme-spv1"),
    });
    const currency = await cli.run([
      "entity",
      "create",
      "--tenant",
      "acme-fund",
      "--name",
      "X",
      "--slug",
      "x",
      "--currency",
      "pounds",
    ]);
    expect(currency).toMatchObject({ exit: 2, stderr: expect.stringContaining("--currency: use an ISO 4217 code") });
    expect(JSON.parse((await cli.run(["tenant", "list", "-o", "json"])).stdout)).toHaveLength(1);
  });

  it("are deleted only when their slug is typed once more", async () => {
    await cli.run(["tenant", "create", "--name", "Gone", "--slug", "gone"]);
    const unconfirmed = await cli.run(["tenant", "delete", "gone"]);
    expect(unconfirmed).toMatchObject({ exit: 2, stderr: expect.stringContaining("--confirm gone") });
    expect((await cli.run(["tenant", "delete", "gone", "--confirm", "acme-fund"])).exit).toBe(2);
    expect(JSON.parse((await cli.run(["tenant", "info", "gone", "-o", "json"])).stdout)).toMatchObject({
      status: "ACTIVE",
    });
    const deleted = await cli.run(["tenant", "delete", "gone", "--confirm", "gone", "-o", "json"]);
    expect(deleted.exit).toBe(0);
    expect(JSON.parse(deleted.stdout).status).toMatch(/DEPROVISIONING|DECOMMISSIONED/);
  });

  it("are refused to a key that may only read", async () => {
    const env = { NTRO_API_KEY: await server.makeKey("viewer") };
    const refused = await cli.run(["tenant", "create", "--name", "No", "--slug", "no"], { env });
    expect(refused).toMatchObject({ exit: 1, stderr: expect.stringContaining("✗") });
  });
});
