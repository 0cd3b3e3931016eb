import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NtroClient } from "@ntro/contract";
import pino from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { EnvironmentDesk } from "./environment-desk";
import { PythonEnvironments } from "./environments";
import { writeScript } from "./packages.testing";

const BASE = { name: "base", requirements: [] };
let folder: string;
let reports: { id: string; body: unknown }[];
let rounds: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ntro-desk-"));
  writeFileSync(join(folder, "requirements.lock"), "");
  reports = [];
  rounds = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function desk(env: NodeJS.ProcessEnv): EnvironmentDesk {
  const client = {
    call: async (_: string, request: { params: { id: string }; body: unknown }) => {
      reports.push({ id: request.params.id, body: request.body });
    },
  } as unknown as Pick<NtroClient, "call">;
  const { PATH, HOME } = process.env;
  const lock = join(folder, "requirements.lock");
  const options = { home: join(folder, "python"), lock, env: { PATH, HOME, ...env }, log: () => undefined };
  const log = pino({ level: "silent" });
  return new EnvironmentDesk(new PythonEnvironments(options), client, log, () => {
    rounds += 1;
  });
}

it("fails the deployments that wait for an environment that cannot be made, each once", async () => {
  const asked = desk({ NTRO_PYTHON: join(folder, "none") });
  expect(asked.take(BASE, ["one"])).toBeUndefined();
  asked.take(BASE, ["one", "two"]);
  await expect.poll(() => rounds).toBe(1);
  const failed = { status: "failed", faults: [expect.objectContaining({ code: "PYTHON_MISSING" })] };
  expect(reports).toEqual([
    { id: "one", body: failed },
    { id: "two", body: failed },
  ]);
  // A round that knows nothing of it yet, and hosts that are wanted for open tasks, do not try again at once.
  asked.take(BASE, ["one"]);
  asked.take(BASE, []);
  asked.take(BASE, ["three"]);
  await expect.poll(() => rounds).toBe(2);
  expect(reports.slice(2)).toEqual([{ id: "three", body: failed }]);
});

it("gives the environment once it is there, and has one that was removed made again", async () => {
  const uv = join(folder, "uv");
  writeScript(uv, "true");
  const asked = desk({ NTRO_UV_BIN: uv });
  asked.take(BASE, ["one"]);
  await expect.poll(() => rounds).toBe(1);
  const ready = asked.take(BASE, ["one"]);
  expect(ready).toMatchObject({ site: null });
  expect(reports.filter(({ body }) => JSON.stringify(body).includes("failed"))).toEqual([]);
  rmSync(join(folder, "python"), { recursive: true });
  expect(asked.take(BASE, [])).toBeUndefined();
  await expect.poll(() => rounds).toBe(2);
  expect(asked.take(BASE, [])).toEqual(ready);
});

it("ends what is being made when it stops, and fails nobody for that", async () => {
  const uv = join(folder, "uv");
  writeScript(uv, "sleep 60");
  const asked = desk({ NTRO_UV_BIN: uv });
  asked.take(BASE, ["one"]);
  await asked.stop();
  expect(reports).toEqual([]);
  expect(asked.take(BASE, ["one"])).toBeUndefined();
});
