import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The bare Temporal worker that everything is compared with: `bare/worker.mjs` in a process of its own. */
export interface BareWorker {
  readonly pid: number;
  readonly taskQueue: string;
  stop(): Promise<void>;
}

/** Starts it and waits until it polls. @throws when it ends before */
export async function startBareWorker(address: string, namespace: string): Promise<BareWorker> {
  const taskQueue = "bench-bare";
  const child = spawn(process.execPath, [join(import.meta.dirname, "bare/worker.mjs"), address, namespace, taskQueue], {
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
