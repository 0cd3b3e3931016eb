import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { testPython } from "../test/support/python";

/** A bare Temporal worker that ours is compared with, in a process of its own. */
export interface BareWorker {
  readonly pid: number;
  readonly taskQueue: string;
  stop(): Promise<void>;
}

/** `bare/worker.mjs`, once it polls. @throws when it ends before */
export function startBareWorker(address: string, namespace: string): Promise<BareWorker> {
  return start(process.execPath, "bare/worker.mjs", { address, namespace, taskQueue: "bench-bare" });
}

/** `bare/python/worker.py` on the packages that our Python hosts have, once it polls. @throws when it ends before */
export function startBarePythonWorker(address: string, namespace: string): Promise<BareWorker> {
  return start(testPython(), "bare/python/worker.py", { address, namespace, taskQueue: "bench-bare-python" });
}

async function start(
  program: string,
  script: string,
  { address, namespace, taskQueue }: { address: string; namespace: string; taskQueue: string },
): Promise<BareWorker> {
  const child = spawn(program, [join(import.meta.dirname, script), address, namespace, taskQueue], {
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) if (line === "ready") break;
  child.stdout.resume();
  if (child.pid === undefined || child.exitCode !== null) throw new Error(`The bare worker did not start.\n${said}`);
  return {
    pid: child.pid,
    taskQueue,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
    },
  };
}
