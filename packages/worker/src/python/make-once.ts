import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const BEAT_MS = 2_000;
/** A lock that was not touched for so long belongs to nobody any more. */
const STALE_MS = 15_000;
const LOOK_MS = 100;

/**
 * Makes a folder that is either there and complete, or not there: it is made beside and renamed. Where several processes want it at once one makes it, and the
 * others wait; what a killed one left beside it is removed. That the folder is right does not depend on the lock: of two who make it all the same, one wins the
 * rename.
 * @param isComplete whether the folder is as it has to be; one that is not is replaced
 * @param make fills the empty folder it is given
 * @throws what `make` throws, leaving nothing behind; the signal's reason
 */
export async function makeOnce(
  folder: string,
  isComplete: () => boolean,
  make: (beside: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  if (isComplete()) return;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  const release = await lockUnless(isComplete, `${folder}.lock`, signal);
  if (!release) return;
  const beside = `${folder}.new-${process.pid}-${randomBytes(3).toString("hex")}`;
  try {
    removeLeftOvers(folder);
    mkdirSync(beside, { mode: 0o700 });
    await make(beside);
    if (!isComplete()) rmSync(folder, { recursive: true, force: true });
    swapIn(beside, folder, isComplete);
  } finally {
    rmSync(beside, { recursive: true, force: true });
    release();
  }
}

/** Waits for the lock, or until somebody else has made what it is for; gives what lets go of it, undefined in the second case. */
async function lockUnless(
  isComplete: () => boolean,
  lock: string,
  signal: AbortSignal | undefined,
): Promise<(() => void) | undefined> {
  while (!take(lock)) {
    await delay(LOOK_MS, undefined, signal ? { signal } : {});
    if (isComplete()) return undefined;
    if (isStale(lock)) rmSync(lock, { force: true });
  }
  const release = keepAlive(lock);
  if (!isComplete()) return release;
  release();
  return undefined;
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${hostname()} ${process.pid}`, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function keepAlive(lock: string): () => void {
  const beat = setInterval(() => {
    try {
      utimesSync(lock, new Date(), new Date());
    } catch {
      // Somebody took this process for dead; the rename decides.
    }
  }, BEAT_MS).unref();
  return () => {
    clearInterval(beat);
    rmSync(lock, { force: true });
  };
}

function isStale(lock: string): boolean {
  const stat = statSync(lock, { throwIfNoEntry: false });
  if (!stat) return false;
  return Date.now() - stat.mtimeMs > STALE_MS || isDead(holder(lock));
}

/** Process id of who has the lock; undefined when that is another machine's, or it is just being written or let go. */
function holder(lock: string): number | undefined {
  try {
    const [host, pid] = readFileSync(lock, "utf8").split(" ");
    return host === hostname() && Number(pid) > 0 ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

function isDead(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

function removeLeftOvers(folder: string): void {
  const prefix = `${basename(folder)}.new-`;
  for (const name of readdirSync(dirname(folder)))
    if (name.startsWith(prefix)) rmSync(join(dirname(folder), name), { recursive: true, force: true });
}

function swapIn(beside: string, folder: string, isComplete: () => boolean): void {
  try {
    renameSync(beside, folder);
  } catch (error) {
    if (!isComplete()) throw error;
  }
}
