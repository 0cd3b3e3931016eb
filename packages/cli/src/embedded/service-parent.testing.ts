import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const here = dirname(fileURLToPath(import.meta.url));

const answerSchema = z.object({
  pid: z.number().optional(),
  address: z.string().optional(),
  adopted: z.boolean().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
});

/** A fixture process that is at work. */
export interface LaunchedParent {
  /** SIGKILL, as when the machine runs out of memory; returns when it is gone. */
  kill(): Promise<void>;
  /** What it did; empty when it ended before it could say so. */
  answer: Promise<z.infer<typeof answerSchema>>;
}

/** A fixture process that has done its work and stays. */
export interface ServiceParent {
  kill(): Promise<void>;
  answer: z.infer<typeof answerSchema>;
}

type Work = "postgres" | "temporal" | "lock";
type User = { uid: number; gid: number };

/** For tests: another process that begins to start a service of the home, or to take its lock. */
export function launchParent(what: Work, home: string, user?: User): LaunchedParent {
  const tsx = createRequire(import.meta.url).resolve("tsx");
  const child = spawn(process.execPath, ["--import", tsx, join(here, "service-parent.fixture.ts"), what, home], {
    cwd: here,
    stdio: ["pipe", "pipe", "inherit"],
    ...user,
  });
  const exited = once(child, "exit");
  const line: Promise<unknown[]> = once(createInterface(child.stdout), "line");
  return {
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
    answer: Promise.race([line, exited.then(() => ["{}"])]).then(([text]) =>
      answerSchema.parse(JSON.parse(String(text))),
    ),
  };
}

/** For tests: another process that has started a service of the home (or taken its lock) and stays. */
export async function startParent(what: Work, home: string, user?: User): Promise<ServiceParent> {
  const { kill, answer } = launchParent(what, home, user);
  return { kill, answer: await answer };
}
