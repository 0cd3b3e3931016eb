import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { freePort } from "./free-port";
import {
  describeFromPs,
  describeProcess,
  findOwnProcesses,
  isRunning,
  stopProcess,
  watchProcess,
} from "./running-process";

async function sleeper(script = "exec sleep 1000"): Promise<{ pid: number; exit: Promise<unknown> }> {
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child, "spawn");
  if (child.pid === undefined) throw new Error("not started");
  const exit = once(child, "exit");
  if (script.includes("echo")) await once(child.stdout, "data");
  return { pid: child.pid, exit };
}

describe("a running process", () => {
  it("is described, recognised, watched and stopped", async () => {
    const { pid } = await sleeper("echo; trap '' TERM; while :; do sleep 1000; done # marked-4711");
    const found = describeProcess(pid);
    if (!found) throw new Error("not found");
    expect(found).toMatchObject({ pid, uid: process.getuid?.() });
    expect(findOwnProcesses("marked-4711").map((other) => other.pid)).toContain(pid);
    expect(isRunning(found)).toBe(true);
    expect(isRunning({ pid, startMark: "another time" })).toBe(false);
    const gone = watchProcess(found);
    const term = { signal: "SIGTERM", waitMs: 50 } as const;
    await expect(stopProcess("sleep", found, [term])).rejects.toMatchObject({ code: "STOP_FAILED" });
    await stopProcess("sleep", found, [term, { signal: "SIGKILL", waitMs: 10_000 }]);
    expect(await gone).toEqual({ code: null, signal: null });
    expect(describeProcess(pid)).toBeUndefined();
    await stopProcess("sleep", found, [term]);
  });

  it("reads the same from ps as from /proc", async () => {
    const { pid, exit } = await sleeper();
    const [fromPs, described] = [describeFromPs(pid), describeProcess(pid)];
    expect(fromPs?.command.trim()).toBe(described?.command.trim());
    expect(fromPs?.uid).toBe(described?.uid);
    expect(fromPs?.startMark).toBe(describeFromPs(pid)?.startMark);
    process.kill(pid);
    await exit;
    expect(describeFromPs(pid)).toBeUndefined();
  });

  it.runIf(existsSync("/proc/self/stat"))("counts as gone when nobody reaps it", async () => {
    // The shell starts a child, becomes a program that never waits for it, and so keeps it as a zombie.
    const parent = spawn("/bin/sh", ["-c", "sleep 0 & echo $!; exec cat"], { stdio: ["pipe", "pipe", "ignore"] });
    const [line]: unknown[] = await once(parent.stdout, "data");
    const pid = Number(String(line));
    await expect.poll(() => describeProcess(pid)).toBeUndefined();
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.stdin.end();
    await once(parent, "exit");
  });
});

describe("a free port", () => {
  it("is the preferred one when that is free, else another", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const taken = typeof address === "object" && address ? address.port : 0;
    expect(await freePort(taken)).not.toBe(taken);
    server.close();
    await once(server, "close");
    expect(await freePort(taken)).toBe(taken);
  });
});
