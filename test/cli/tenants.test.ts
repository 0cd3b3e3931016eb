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

describe("AI settings", () => {
  const show = async (...words: string[]) => JSON.parse((await cli.run([...words, "-o", "json"])).stdout);
  beforeAll(async () => {
    await cli.run(["tenant", "create", "--name", "Thinking", "--slug", "thinking"]);
    await cli.run(["entity", "create", "--tenant", "thinking", "--name", "SPV", "--slug", "spv"]);
    const body = { config: { gl: { provider: "apideck" }, ai: { region: "eu" } } };
    await server.client().call("tenants.update", { params: { tenant: "thinking" }, body });
  });

  it("are set key by key, and leave everything else", async () => {
    expect((await cli.run(["tenant", "ai", "set", "thinking", "--provider", "ANTHROPIC"])).exit).toBe(0);
    const set = await cli.run(["tenant", "ai", "set", "thinking", "--judgement-model", "big"]);
    expect(set).toMatchObject({ exit: 0, stdout: expect.stringMatching(/provider +ANTHROPIC\njudgement model +big/) });
    const { config } = await server.client().call("tenants.get", { params: { tenant: "thinking" } });
    expect(config).toEqual({
      gl: { provider: "apideck" },
      ai: { region: "eu", provider: "ANTHROPIC", models: { judgement: "big" } },
    });
  });

  it("of an entity stand over its tenant's, and show whose is what", async () => {
    const set = await cli.run(["entity", "ai", "set", "spv", "--tenant", "thinking", "--extraction-model", "small"]);
    expect(set.stdout).toMatch(/provider +ANTHROPIC \(of thinking\)\nextraction model +small\n/);
    expect(await show("entity", "ai", "show", "spv", "--tenant", "thinking")).toEqual({
      models: { extraction: "small" },
    });
    const reset = await cli.run(["entity", "ai", "reset", "spv", "--tenant", "thinking"]);
    expect(reset.stderr).toContain("The AI settings of spv are gone.");
    expect(await show("entity", "ai", "show", "spv", "--tenant", "thinking")).toEqual({});
  });

  it("are refused where they cannot be meant, and nothing changes", async () => {
    const before = await show("tenant", "ai", "show", "thinking");
    const unknown = await cli.run(["tenant", "ai", "set", "thinking", "--provider", "OPENAI"]);
    expect(unknown).toMatchObject({ exit: 2, stderr: expect.stringContaining("ANTHROPIC, NTROPII") });
    expect(await cli.run(["tenant", "ai", "set", "thinking"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("--provider, --extraction-model"),
    });
    const body = { config: { ai: { provider: "OPENAI" } } };
    const direct = server.client().call("tenants.update", { params: { tenant: "thinking" }, body: body as never });
    await expect(direct).rejects.toMatchObject({ code: "REQUEST_INVALID", details: [{ field: "config.ai.provider" }] });
    expect(await show("tenant", "ai", "show", "thinking")).toEqual(before);
    await cli.run(["tenant", "ai", "reset", "thinking"]);
    const { config } = await server.client().call("tenants.get", { params: { tenant: "thinking" } });
    expect(config).toEqual({ gl: { provider: "apideck" } });
  });
});

describe("secrets of a tenant", () => {
  const VALUE = "sk-0123456789";
  beforeAll(async () => {
    await cli.run(["tenant", "create", "--name", "Secretive", "--slug", "secretive"]);
  });

  it("are set from stdin or a variable, listed by name and removed; no output holds a value", async () => {
    const tenant = ["--tenant", "secretive"];
    const runs = [
      await cli.run(["tenant", "secret", "set", "ANTHROPIC_API_KEY", ...tenant], { stdin: `${VALUE}\n` }),
      await cli.run(["tenant", "secret", "set", "SMTP_PASSWORD", ...tenant, "--from-env", "MINE"], {
        env: { MINE: VALUE },
      }),
      await cli.run(["tenant", "secret", "list", "secretive"]),
    ];
    expect(runs.map(({ exit }) => exit)).toEqual([0, 0, 0]);
    expect(runs[2]?.stdout).toMatch(/ANTHROPIC_API_KEY .*\nSMTP_PASSWORD /);
    for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(VALUE);
    expect((await cli.run(["tenant", "secret", "remove", "SMTP_PASSWORD", ...tenant])).exit).toBe(0);
    expect(await cli.run(["tenant", "secret", "remove", "SMTP_PASSWORD", ...tenant])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("ntro tenant secret list secretive"),
    });
  });

  it.each([
    [["PATH"], "x", "is set by the platform"],
    [["lower"], "x", "use upper-case letters"],
    [["A_KEY"], "", "There is no value"],
    [["A_KEY", "--from-env", "NOT_THERE"], "x", "NOT_THERE is not set"],
    [["A_KEY", "value"], "x", "too many arguments"],
  ])("are refused: %j", async (words, stdin, message) => {
    const run = await cli.run(["tenant", "secret", "set", ...words, "--tenant", "secretive"], { stdin });
    expect(run.exit).toBe(2);
    expect(run.stderr.toLowerCase()).toContain(message.toLowerCase());
    const list = await cli.run(["tenant", "secret", "list", "secretive", "-o", "json"]);
    expect(JSON.parse(list.stdout)).toMatchObject([{ name: "ANTHROPIC_API_KEY" }]);
  });
});
