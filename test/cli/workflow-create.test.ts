import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DeploymentReport, NtroClient } from "@ntro/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TestCli, testCli } from "../../packages/cli/src/testing/run-in-process";
import { connectEngine } from "../../packages/server/src/engine/connect";
import { smallBundle } from "../support/bundle";
import { startTestPostgres, type TestPostgres } from "../support/postgres";
import { startTestServer, type TestServer } from "../support/server";
import { startTestTemporal, type TestTemporal } from "../support/temporal";

const FAULT = {
  code: "TYPESCRIPT_ERROR" as const,
  message: "Type 'string' is not assignable to type 'number'.",
  path: "templates/workflow.ts",
  line: 3,
  column: 7,
  source: 'const rows: number = "all";',
};
const READY: DeploymentReport = {
  status: "ready",
  described: { steps: [], inputSchema: null, children: [], activities: [] },
};
const STAGE: DeploymentReport = { status: "progress", stage: "built", seconds: 0.4 };

let postgres: TestPostgres;
let temporal: TestTemporal;
let server: TestServer;
let cli: TestCli;
let tenant: string;
let count = 0;

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal()]);
  server = await start();
});
afterAll(async () => {
  await server.close();
  await Promise.all([postgres.stop(), temporal.stop()]);
});
beforeEach(async () => {
  tenant = `fund-${++count}`;
  cli = testCli({ NTRO_HOST: server.url, NTRO_API_KEY: server.keys.admin, NTRO_TENANT: tenant });
  await cli.run(["tenant", "create", "--name", tenant, "--slug", tenant]);
  await cli.run(["entity", "create", "--name", "SPV 1", "--slug", "spv1"]);
});
afterEach(() => cli.remove());

function start(earlier?: TestServer): Promise<TestServer> {
  const settings = { temporal: { address: temporal.address, namespace: "default" } };
  if (!earlier) return startTestServer(postgres.url, { settings, engine: connectEngine });
  const listen = { host: "127.0.0.1", port: Number(new URL(earlier.url).port) };
  const { secret } = earlier.settings;
  return startTestServer(postgres.url, {
    settings: { ...settings, listen, secret },
    engine: connectEngine,
    keys: earlier.keys,
  });
}

function writeBundle(version: string, salt = ""): string {
  const folder = join(cli.home, `nav-${version}`);
  for (const [path, text] of Object.entries(smallBundle("nav", version, salt))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Stands for a worker: reports on the next deployment of the test's tenant as soon as it is asked for. */
async function work(reports: readonly DeploymentReport[], before?: () => Promise<void>): Promise<void> {
  const abort = new AbortController();
  let id: string | null = null;
  for await (const event of server.client().events({ tenant, after: "0" }, { signal: abort.signal }))
    if (event.type === "deployment.progress" && (await isPending(server.client(), event.deploymentId))) {
      id = event.deploymentId;
      break;
    }
  abort.abort();
  await before?.();
  for (const body of reports)
    await server.client(server.keys.worker).call("worker.reportDeployment", { params: { id: id ?? "" }, body });
}

async function isPending(api: NtroClient, id: string | null): Promise<boolean> {
  return (await api.call("deployments.get", { params: { id: id ?? "" } })).status === "pending";
}

async function create(argv: readonly string[], reports: readonly DeploymentReport[] = [STAGE, READY]) {
  const [result] = await Promise.all([cli.run(["workflow", "create", ...argv]), work(reports)]);
  return result;
}

async function workflows(): Promise<{ id: string; runbookVersion: string | null; schedule: string | null }[]> {
  return JSON.parse((await cli.run(["workflow", "list", "-o", "json"])).stdout);
}

describe("workflow create", () => {
  it("tells line by line what is checked, uploaded, made ready and bound", async () => {
    const { exit, stdout, stderr } = await create(["--path", writeBundle("1.0.0"), "--entity", "spv1", "--pin"]);
    expect(exit).toBe(0);
    const lines = stderr.split("\n").map((line) => line.replace(/^\W+/, "").split(/\s{2,}/)[0]);
    expect(lines.filter((line) => line !== "")).toEqual([
      "checked",
      "uploaded",
      "a worker makes it ready…",
      "recorded",
      "built",
      "ready",
      "bound",
    ]);
    expect(stderr).toMatch(/checked {6}nav@1\.0\.0: 2 files, 0\.\d KiB, digest [0-9a-f]{12}/);
    expect(stderr).toContain("bound        nav to spv1, pinned to 1.0.0");
    const [workflow] = await workflows();
    expect(stdout).toContain(workflow?.id);
    expect(stdout).toMatch(/version +1\.0\.0 \(pinned\)/);
  });

  it("binds with a schedule, keeps what is not named, and says what changed", async () => {
    const folder = writeBundle("1.0.0");
    const schedule = ["--schedule", "0 8 5 * *", "--timezone", "Europe/London"];
    const first = await create(["--path", folder, "--entity", "spv1", ...schedule]);
    expect(first.exit).toBe(0);
    expect(first.stderr).toContain("following the current version");
    expect(first.stderr.match(/next +\w{3} 5 \w{3} \d{4}, 08:00 (GMT|BST)/g)).toHaveLength(3);
    const again = await create(["--path", writeBundle("1.1.0"), "--entity", "spv1", "--pin"]);
    expect(again.stderr).toContain("(was bound already)");
    expect(again.stderr).toMatch(/runbookVersion +none → 1\.1\.0/);
    expect(await workflows()).toMatchObject([{ runbookVersion: "1.1.0", schedule: "0 8 5 * *" }]);
    const removed = await create([
      "--path",
      writeBundle("1.1.0", "again"),
      "--entity",
      "spv1",
      "--no-schedule",
      "--unpin",
    ]);
    expect(removed.exit).toBe(0);
    expect(await workflows()).toMatchObject([{ runbookVersion: null, schedule: null }]);
  });

  it("says that a schedule without a zone is in UTC", async () => {
    const result = await create(["--path", writeBundle("1.0.0"), "--entity", "spv1", "--schedule", "0 8 5 * *"]);
    expect(result.stderr).toContain("the schedule is in UTC");
    expect(result.stderr).toContain("08:00 UTC");
  });

  it("ends with 1 and the faults when no worker can make it ready; nothing is bound", async () => {
    const { exit, stderr, stdout } = await create(
      ["--path", writeBundle("1.0.0"), "--entity", "spv1", "-o", "json"],
      [{ status: "failed", faults: [FAULT] }],
    );
    expect(exit).toBe(1);
    expect(stderr).toContain("[TYPESCRIPT_ERROR] templates/workflow.ts:3:7");
    expect(stderr).toContain('3 | const rows: number = "all";');
    expect(JSON.parse(stdout)).toMatchObject({ code: "DEPLOYMENT_FAILED", details: [FAULT] });
    expect(await workflows()).toEqual([]);
  });

  it("goes on when the server restarts while a worker is at it", async () => {
    const restart = async () => {
      await server.close();
      server = await start(server);
    };
    const [result] = await Promise.all([
      cli.run(["workflow", "create", "--path", writeBundle("1.0.0"), "--entity", "spv1"]),
      work([STAGE, READY], restart),
    ]);
    expect(result).toMatchObject({ exit: 0, stderr: expect.stringMatching(/built[\s\S]*ready[\s\S]*bound/) });
  });

  it("sends nothing when tenant or entity are mistyped", async () => {
    const path = writeBundle("1.0.0");
    expect(await cli.run(["workflow", "create", "--path", path, "--entity", "spv"])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining("spv1"),
    });
    expect((await cli.run(["workflow", "create", "--path", path, "--tenant", "fnd", "--entity", "spv1"])).exit).toBe(2);
    expect(JSON.parse((await cli.run(["runbook", "list", "-o", "json"])).stdout)).toEqual([]);
  });

  it("rolls back to a version that only the server still has", async () => {
    await create(["--path", writeBundle("0.0.9"), "--entity", "spv1"]);
    await create(["--path", writeBundle("1.0.0"), "--entity", "spv1"]);
    const held = ["workflow", "create", "--path", "./nav@0.0.9/", "--entity", "spv1"];
    expect(await cli.run(held)).toMatchObject({ exit: 2, stderr: expect.stringContaining("Add --pin") });
    const back = await cli.run([...held, "--pin"]);
    expect(back.exit).toBe(0);
    expect(back.stderr).toContain("nothing is uploaded");
    expect(await workflows()).toMatchObject([{ runbookVersion: "0.0.9" }]);
    const missing = await cli.run(["workflow", "create", "--path", "./nav@0.0.7/", "--entity", "spv1", "--pin"]);
    expect(missing).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/no ready version 0\.0\.7[\s\S]*(1\.0\.0|0\.0\.9)/),
    });
  });

  it("deploys without binding when no entity is named", async () => {
    const result = await create(["--path", writeBundle("1.0.0")]);
    expect(result).toMatchObject({ exit: 0, stderr: expect.stringContaining("Nothing is bound") });
    expect(await workflows()).toEqual([]);
  });
});

describe("workflow info, update, delete", () => {
  it("take id, name or runbook slug", async () => {
    await create(["--path", writeBundle("1.0.0"), "--entity", "spv1", "--name", "month-end"]);
    const [workflow] = await workflows();
    for (const reference of ["nav", "month-end", workflow?.id ?? ""])
      expect((await cli.run(["workflow", "info", reference])).stdout).toContain(workflow?.id);
    const near = await cli.run(["workflow", "info", "month-nd"]);
    expect(near).toMatchObject({ exit: 2, stderr: expect.stringContaining("Did you mean month-end?") });
    const updated = await cli.run([
      "workflow",
      "update",
      "nav",
      "--schedule",
      "0 9 1 * *",
      "--timezone",
      "Europe/Paris",
      "-o",
      "json",
    ]);
    expect(JSON.parse(updated.stdout)).toMatchObject({ schedule: "0 9 1 * *", timezone: "Europe/Paris" });
    expect((await cli.run(["workflow", "update", "nav"])).exit).toBe(2);
    expect((await cli.run(["workflow", "delete", "nav"])).stderr).toContain("Add --yes.");
    expect((await cli.run(["workflow", "delete", "nav", "-y"])).exit).toBe(0);
    expect(await workflows()).toEqual([]);
  });
});

describe("runbook", () => {
  it("lists versions and promotes one", async () => {
    await create(["--path", writeBundle("1.0.0"), "--entity", "spv1"]);
    await create(["--path", writeBundle("1.1.0"), "--entity", "spv1"]);
    expect((await cli.run(["runbook", "versions", "nav"])).stdout).toMatch(/\* +1\.1\.0/);
    const promoted = await cli.run(["runbook", "promote", "nav@1.0.0"]);
    expect(promoted).toMatchObject({ exit: 0, stderr: expect.stringContaining("nav@1.0.0 is current") });
    expect((await cli.run(["runbook", "versions", "nav"])).stdout).toMatch(/\* +1\.0\.0/);
    expect((await cli.run(["runbook", "promote", "nav"])).stderr).toContain("names no version");
    expect((await cli.run(["runbook", "info", "nav"])).stdout).toMatch(/slug +nav\n/);
  });
});
