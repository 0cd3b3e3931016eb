import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Task } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, NAV, PLACE, Platform, PROGRAM, ROOT, TENANT } from "../platform";
import { Bundles } from "./bundles";

/** Ctrl-C: a command ends at once with 130 and says how to go on; what was started on the server goes on. */
const platform = new Platform();
const bundles = new Bundles();
let up: Typed;
beforeAll(async () => {
  up = type("up", "--port", "0");
  await up.says(/Ready after/);
  await createAcme(platform);
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});

/** A command that runs. */
interface Typed {
  /** Resolves with what it has said so far, once that holds `pattern`; rejects when it ends before. */
  says(pattern: RegExp): Promise<string>;
  /** Presses Ctrl-C; resolves when the command has ended. */
  interrupt(): Promise<{ code: number | null; said: string; tookMs: number }>;
}

function type(...args: string[]): Typed {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: ROOT,
    env: platform.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ended = once(child, "close");
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      child.emit("said");
    });
  return {
    async says(pattern) {
      while (!pattern.test(said)) {
        if (child.exitCode !== null) throw new Error(`ntro ${args.join(" ")} ended with ${child.exitCode}\n${said}`);
        await Promise.race([once(child, "said"), ended]);
      }
      return said;
    },
    async interrupt() {
      const begun = Date.now();
      child.kill("SIGINT");
      const [code] = await ended;
      return { code, said, tookMs: Date.now() - begun };
    },
  };
}

describe("Ctrl-C", () => {
  it("while a workflow is deployed: the deployment goes on, the same command binds it", async () => {
    const command = ["workflow", "create", "--path", NAV, ...PLACE];
    const typed = type(...command);
    await typed.says(/a worker makes it ready/);
    const { code, said, tookMs } = await typed.interrupt();
    expect(code).toBe(130);
    expect(tookMs).toBeLessThan(2_000);
    expect(said).toContain("The deployment goes on, nothing is bound yet.");
    expect(said).toContain("ntro runbook versions nav-monthly --tenant acme-fund");
    expect(await platform.json("workflow", "list")).toEqual([]);
    await expect
      .poll(async () => (await platform.ntro("runbook", "versions", "nav-monthly", ...TENANT)).stdout, {
        timeout: 60_000,
        interval: 250,
      })
      .toMatch(/1\.0\.0 .*ready/);
    expect(await platform.ntro(...command)).toMatchObject({ code: 0, stderr: expect.stringContaining("bound") });
  });

  it("while a task is watched: it goes on, and the command to come back works", async () => {
    const typed = type("workflow", "run", "nav-monthly", ...PLACE, "--period", "2026-03", "--wait");
    await typed.says(/waits for: /);
    const first = await typed.interrupt();
    expect(first.code).toBe(130);
    expect(first.tookMs).toBeLessThan(2_000);
    const [, task = ""] = /The task goes on\. Come back to it: ntro run status (\S+) --wait/.exec(first.said) ?? [];
    expect(await platform.json("run", "status", task)).toMatchObject({ status: "BLOCKED" });

    const again = type("run", "status", task, "--wait");
    await again.says(/waits for: /);
    const second = await again.interrupt();
    expect(second.code).toBe(130);
    expect(second.said).toContain(`Come back to it: ntro run status ${task} --wait`);
    expect(await platform.json("run", "status", task)).toMatchObject({ status: "BLOCKED" });
  });

  it("in `ntro up`: everything stops in order, and the next start has the tasks in flight", async () => {
    const open = await platform.json<Task[]>("run", "pending");
    expect(open).toHaveLength(1);
    const { code, said } = await up.interrupt();
    // It is how the platform is stopped, so it is no failure.
    expect(code).toBe(0);
    expect(said).toMatch(/Stopping…[\s\S]*Tasks in flight go on at the next start: ntro up/);
    expect(await platform.ntro("run", "list")).toMatchObject({ code: 4 });

    const detached = type("up", "--detach", "--port", "0");
    await detached.says(/postgres +127/);
    const late = await detached.interrupt();
    expect(late).toMatchObject({ code: 130, said: expect.stringContaining("It goes on starting in the background") });
    await expect.poll(async () => (await platform.ntro("status")).code, { timeout: 60_000, interval: 250 }).toBe(0);
    expect(await platform.json("run", "pending")).toMatchObject(open.map(({ id }) => ({ id, status: "BLOCKED" })));
  });
});
