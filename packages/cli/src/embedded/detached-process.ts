import { type SpawnOptions, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describeProcess, type ExitStatus, type ProcessIdentity } from "./running-process";

/** A log that has grown past this many bytes is put aside as `<file>.1` at the next start. */
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** What to start and as whom. */
export interface DetachedCommand {
  file: string;
  args: string[];
  /** The whole environment: nothing of ours is passed on, so no secret of the parent reaches the service. */
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Started under this user instead of our own; only root can ask for it. */
  user?: { uid: number; gid: number } | undefined;
}

/** A child that goes on when its parent ends, with its output in a file. */
export interface DetachedProcess extends ProcessIdentity {
  exited: Promise<ExitStatus>;
  /** The exit status once it has ended. */
  ended(): ExitStatus | undefined;
  /** The last lines it wrote since this start, oldest first. */
  lastLines(count: number): string[];
}

/** The parts of our environment that a service may see: where programs are, language and time zone. */
export function bareEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = ["PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL"];
  const entries = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(entries), ...extra };
}

/**
 * Starts the command in a session of its own, so that neither Ctrl-C in our terminal nor our death reaches it.
 * Throws the system's error when the file cannot be executed.
 */
export async function startDetached(command: DetachedCommand): Promise<DetachedProcess> {
  const logStart = rotateLog(command.logFile);
  const log = openSync(command.logFile, "a", 0o600);
  try {
    // cwd "/": the service may run as a user who cannot enter the folder we are in, and must not keep it busy.
    const options: SpawnOptions = { cwd: "/", detached: true, env: command.env, stdio: ["ignore", log, log] };
    const child = spawn(command.file, command.args, { ...options, ...command.user });
    const { pid } = child;
    if (pid === undefined) throw await new Promise<Error>((resolve) => child.once("error", resolve));
    let ended: ExitStatus | undefined;
    const exited = new Promise<ExitStatus>((resolve) => {
      child.once("exit", (code, signal) => {
        ended = { code, signal };
        resolve(ended);
      });
    });
    child.unref();
    return {
      pid,
      // A child that is gone already has no mark; its exit event tells.
      startMark: describeProcess(pid)?.startMark ?? "gone",
      exited,
      ended: () => ended,
      lastLines: (count) => readLogTail(command.logFile, logStart, count),
    };
  } finally {
    closeSync(log);
  }
}

/** Makes room for the log; returns the size it has now, in bytes, which is where the output of this start begins. */
function rotateLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= LOG_LIMIT_BYTES) return size;
  renameSync(file, `${file}.1`);
  return 0;
}

function readLogTail(file: string, from: number, count: number): string[] {
  const text = readFileSync(file).subarray(from).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count);
}
