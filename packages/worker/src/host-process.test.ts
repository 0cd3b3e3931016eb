import { spawn } from "node:child_process";
import pino from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lineChannel } from "./host-channel";
import type { HostSettings } from "./host-messages";
import { HostProcess } from "./host-process";

const SETTINGS: HostSettings = {
  tenant: { id: "00000000-0000-4000-8000-000000000000", slug: "acme" },
  server: "http://127.0.0.1:1/v1",
  key: "secret-key",
  databaseUrl: "postgres://nobody@127.0.0.1:1/none",
  temporal: { address: "127.0.0.1:1", namespace: "default" },
  queue: "ntro/acme/py-base",
  workflows: "workflows",
  storage: "storage",
  repairs: [],
};
const REVISION = { slug: "thing", version: "1.0.0", digest: "0".repeat(64) };

let prepared: string[];
let replayed: string[];
let logged: string;
const hosts: HostProcess[] = [];

beforeEach(() => {
  prepared = [];
  replayed = [];
  logged = "";
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(hosts.splice(0).map((host) => host.drain()));
});

function append(line: string): void {
  logged += line;
}

/** A host of a few lines of Python in place of the real one. */
function host(script: string): HostProcess {
  const child = spawn("python3", ["-c", script], { stdio: ["pipe", "pipe", "inherit"] });
  const log = pino({ level: "info" }, { write: (line) => append(line) });
  const started = new HostProcess(lineChannel(child), SETTINGS, log, {
    running: () => {},
    prepared: (id) => prepared.push(id),
    replayed: (id) => replayed.push(id),
  });
  hosts.push(started);
  return started;
}

const OBEDIENT = `
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "start":
        print(json.dumps({"type": "running"}), flush=True)
    elif message["type"] == "prepare":
        answer = json.dumps({"type": "prepared", "deploymentId": message["deploymentId"]})
        print("not a message"); print(json.dumps({"type": "unknown"})); print()
        sys.stdout.write(answer[:9]); sys.stdout.flush(); sys.stdout.write(answer[9:] + "\\n"); sys.stdout.flush()
    elif message["type"] == "drain":
        break
`;

describe("a host that speaks lines", () => {
  it("is told what to do, and survives lines that say nothing", async () => {
    const obedient = host(OBEDIENT);
    expect(obedient.starting).toBe(true);
    await expect.poll(() => obedient.starting).toBe(false);
    obedient.prepare("one", REVISION, false);
    expect(obedient.preparing).toEqual(["one"]);
    await expect.poll(() => prepared).toEqual(["one"]);
    expect(obedient.preparing).toEqual([]);
    expect(logged.match(/said what is no message/g)).toHaveLength(2);
    expect(logged).not.toContain("secret-key");
    await obedient.drain();
    expect(await obedient.exited).toEqual({ code: 0, signal: null });
  });

  it("rests once nothing is under way in it", async () => {
    // Busy when it is first asked.
    const busy = host(`
import json, sys
asked = 0
for line in sys.stdin:
    kind = json.loads(line)["type"]
    asked += kind == "rest"
    if kind == "rest":
        print(json.dumps({"type": "idle" if asked > 1 else "alive"}), flush=True)
    elif kind == "prepare":
        print(json.dumps({"type": "prepared", "deploymentId": str(asked)}), flush=True)
    elif kind == "drain":
        break
`);
    busy.rest();
    busy.prepare("one", REVISION, false);
    await expect.poll(() => prepared).toEqual(["1"]);
    expect(busy.draining).toBe(false);
    busy.rest();
    expect(await busy.exited).toEqual({ code: 0, signal: null });
    expect(busy.draining).toBe(true);
  });

  it("may be gone when it is told something", async () => {
    const gone = host("import sys; sys.exit(7)");
    expect(await gone.exited).toEqual({ code: 7, signal: null });
    gone.prepare("one", REVISION, false);
    await gone.drain();
    expect(gone.preparing).toEqual(["one"]);
  });

  it("is ended when nothing is heard of it for a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const silent = host("import sys; sys.stdin.read()");
    vi.advanceTimersByTime(61_000);
    expect(await silent.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(logged).toContain("has not answered for long");
  });

  it("that cannot be started ends too", async () => {
    const child = spawn("/no/such/python", [], { stdio: ["pipe", "pipe", "inherit"] });
    const log = pino({ level: "silent" });
    const none = new HostProcess(lineChannel(child), SETTINGS, log, {
      running: () => {},
      prepared: () => {},
      replayed: () => {},
    });
    expect(await none.exited).toEqual({ code: null, signal: null });
  });
});
