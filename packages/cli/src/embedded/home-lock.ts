import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { EmbeddedServiceError, isSystemError } from "./embedded-service-error";
import { describeProcess, isRunning } from "./running-process";
import { parseJson } from "./service-state";

const ownerSchema = z.object({ pid: z.int().positive(), startMark: z.string() });
type Owner = z.infer<typeof ownerSchema>;

const RELEASED = "released\n";

/**
 * Takes the home for this process, so that two `ntro up` never work on the same data. Returns what gives it back.
 * Throws HOME_IN_USE, naming the pid, while another process holds it; the lock of a process that is gone is taken over.
 *
 * The lock is the file `run/lock.<n>` with the highest n. Taking it means to create n+1 in one step, with its content,
 * which only one of several can do; numbers never go down, so nobody can take over on the strength of an old look.
 */
export function lockHome(home: string): () => void {
  const folder = join(home, "run");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const self = describeProcess(process.pid);
  if (!self) throw new Error("this process cannot find itself in the process table");
  const draft = join(folder, `.lock.${process.pid}`);
  writeFileSync(draft, JSON.stringify({ pid: self.pid, startMark: self.startMark } satisfies Owner), { mode: 0o600 });
  try {
    for (;;) {
      const taken = tryLock(folder, draft);
      if (taken !== undefined) return () => releaseLock(folder, taken);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** One attempt; undefined when somebody else was faster and the situation has to be looked at again. */
function tryLock(folder: string, draft: string): number | undefined {
  const highest = highestLock(folder);
  const owner = highest === undefined ? undefined : readOwner(join(folder, `lock.${highest}`));
  if (owner && isRunning(owner)) {
    throw new EmbeddedServiceError(
      "HOME_IN_USE",
      `process ${owner.pid} is already running ntro on ${join(folder, "..")}`,
      `Stop it (Ctrl-C in its terminal, or \`kill ${owner.pid}\`), or use another folder: NTRO_HOME=<folder> ntro up`,
    );
  }
  const next = (highest ?? 0) + 1;
  try {
    linkSync(draft, join(folder, `lock.${next}`));
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return undefined;
    throw error;
  }
  if (highestLock(folder) !== next) {
    // Our look was so old that n+1 had come and gone in between.
    rmSync(join(folder, `lock.${next}`), { force: true });
    return undefined;
  }
  for (const older of lockNumbers(folder)) if (older < next) rmSync(join(folder, `lock.${older}`), { force: true });
  return next;
}

/** Leaves the numbered file there, marked as free, so that the numbers keep rising. */
function releaseLock(folder: string, taken: number): void {
  const beside = join(folder, `.lock.${process.pid}.released`);
  writeFileSync(beside, RELEASED, { mode: 0o600 });
  renameSync(beside, join(folder, `lock.${taken}`));
}

function lockNumbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^lock\.\d+$/.test(name) ? [Number(name.slice("lock.".length))] : []));
}

function highestLock(folder: string): number | undefined {
  return lockNumbers(folder).reduce<number | undefined>(
    (high, n) => (high === undefined || n > high ? n : high),
    undefined,
  );
}

/** Who holds the lock; undefined when it was released, is damaged, or has been removed meanwhile. */
function readOwner(file: string): Owner | undefined {
  try {
    return ownerSchema.safeParse(parseJson(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}
