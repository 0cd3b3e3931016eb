import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestPostgres, type TestPostgres } from "../../../test/support/postgres";
import { startTestTemporal, type TestTemporal } from "../../../test/support/temporal";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
let postgres: TestPostgres;
let temporal: TestTemporal;

beforeAll(async () => {
  [postgres, temporal] = await Promise.all([startTestPostgres(), startTestTemporal()]);
});

afterAll(async () => {
  await temporal?.stop();
  await postgres?.stop();
});

function start(environment: Record<string, string>): ChildProcess {
  const env = { PATH: process.env.PATH, NTRO_LOG_LEVEL: "info", ...environment };
  return spawn(process.execPath, ["--import", "tsx", MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

describe("the server's process", () => {
  it("says where it listens once it does, and ends in order when told to", async () => {
    const child = start({
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: temporal.address,
      NTRO_LISTEN: "127.0.0.1:0",
      NTRO_SECRET: "ab".repeat(32),
    });
    const errors = textOf(child.stderr);
    if (!child.stdout) throw new Error("no stdout");
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      const { listening } = JSON.parse(line) as { listening: string };
      const response = await fetch(`${listening}/v1/health`);
      expect(await response.json()).toMatchObject({ postgres: true, temporal: true, worker: false });
      child.kill("SIGTERM");
    }
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 1 });
    const said = (await errors)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { level: number });
    expect(said.every(({ level }) => level <= 30)).toBe(true);
  });

  it("says what is wrong with its environment and ends with 4", async () => {
    const child = start({ DATABASE_URL: "nowhere", TEMPORAL_ADDRESS: temporal.address });
    const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect({ code, output }).toEqual({ code: 4, output: "" });
    expect(errors).toMatch(/DATABASE_URL: must be a URL/);
  });
});
