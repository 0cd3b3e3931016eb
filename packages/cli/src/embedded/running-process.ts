import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { EmbeddedServiceError, isSystemError } from "./embedded-service-error";

/** How a process ended. Both null when it was not our child, so that nobody told us. */
export interface ExitStatus {
  code: number | null;
  signal: string | null;
}

/** A process that can be told apart from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** When the process was started, in the form the system gives it; only good for comparison. */
  startMark: string;
}

/** A running process as the system describes it. `command` is its command line, arguments joined by one space. */
export interface RunningProcess extends ProcessIdentity {
  uid: number;
  command: string;
}

/** How often a process that is not our child is looked at, in milliseconds. */
const WATCH_INTERVAL_MS = 200;
const GONE_INTERVAL_MS = 20;

const onLinux = existsSync("/proc/self/stat");

/**
 * Describes the process with this pid; undefined when there is none. A zombie counts as none: where nobody reaps
 * orphans (a container without an init process) it would otherwise look alive for ever.
 */
export function describeProcess(pid: number): RunningProcess | undefined {
  if (!pidExists(pid)) return undefined;
  return onLinux ? describeFromProc(pid) : describeFromPs(pid);
}

/** True while this very process runs (not another one that got its pid later). */
export function isRunning(identity: ProcessIdentity): boolean {
  return describeProcess(identity.pid)?.startMark === identity.startMark;
}

/** Our own running processes whose command line contains the text. */
export function findOwnProcesses(text: string): RunningProcess[] {
  const pids = onLinux
    ? readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    : execFileSync("ps", ["-ax", "-o", "pid="], { encoding: "utf8" }).trim().split(/\s+/);
  const found: RunningProcess[] = [];
  for (const pid of pids) {
    const running = describeProcess(Number(pid));
    if (running && running.uid === process.getuid?.() && running.command.includes(text)) found.push(running);
  }
  return found;
}

/** Settles when the process, which need not be our child, is gone. Does not keep Node alive. */
export function watchProcess(identity: ProcessIdentity): Promise<ExitStatus> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isRunning(identity)) return;
      clearInterval(timer);
      resolve({ code: null, signal: null });
    }, WATCH_INTERVAL_MS);
    timer.unref();
  });
}

/** One signal and how long to wait for the end of the process after it, in milliseconds. */
export interface StopStep {
  signal: NodeJS.Signals;
  waitMs: number;
}

/** Sends the signals in turn until the process is gone. Throws STOP_FAILED when it survives the last one. */
export async function stopProcess(service: string, identity: ProcessIdentity, steps: StopStep[]): Promise<void> {
  for (const step of steps) {
    if (!isRunning(identity)) return;
    sendSignal(identity.pid, step.signal);
    if (await goneWithin(identity, step.waitMs)) return;
  }
  throw new EmbeddedServiceError(
    "STOP_FAILED",
    `${service} (process ${identity.pid}) did not stop`,
    `Look at it with \`ps -p ${identity.pid}\`; its data is safe to keep.`,
  );
}

async function goneWithin(identity: ProcessIdentity, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  while (isRunning(identity)) {
    if (Date.now() >= deadline) return false;
    await delay(GONE_INTERVAL_MS);
  }
  return true;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isSystemError(error, "ESRCH")) throw error;
  }
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error, "EPERM");
  }
}

function describeFromProc(pid: number): RunningProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may itself hold blanks and brackets, so fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startMark] = [fields[0], fields[19]];
    if (state === "Z" || state === "X" || startMark === undefined) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ");
    return { pid, startMark, uid: statSync(`/proc/${pid}`).uid, command };
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

const psLine = z
  .string()
  .regex(/^\s*\S+\s+\d+\s+\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\s/)
  .transform((line) => /^\s*(\S+)\s+(\d+)\s+(\w{3} \w{3} [ \d]\d [\d:]{8} \d{4})\s+(.*)$/s.exec(line.trimEnd()));

/** The same as from /proc, for systems that have none. */
export function describeFromPs(pid: number): RunningProcess | undefined {
  let output: string;
  try {
    output = execFileSync("ps", ["-ww", "-o", "state=,uid=,lstart=,command=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return undefined; // ps says "no such process" by its exit code
  }
  const fields = psLine.safeParse(output).data;
  const [, state, uid, startMark, command] = fields ?? [];
  if (!state || state.startsWith("Z") || !uid || !startMark || command === undefined) return undefined;
  return { pid, startMark, uid: Number(uid), command: `${command} ` };
}
