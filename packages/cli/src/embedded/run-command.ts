import { execFile } from "node:child_process";

/** How a short-lived command ended. `code` is null when it could not be executed or was ended by a signal. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The system's word for why it could not be executed (`ENOENT`, `EACCES`) or that it took too long (`ETIMEDOUT`). */
  failure?: string;
}

/** As whom, in which environment and for how long a command may run. */
export interface CommandOptions {
  user?: { uid: number; gid: number } | undefined;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
}

/** Runs a command to its end and returns its output. Never throws: a command that is not there is a result, too. */
export function runCommand(file: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { user, env = process.env, timeoutMs = 60_000 } = options;
  return new Promise((resolve) => {
    const settings = {
      cwd: "/",
      env,
      timeout: timeoutMs,
      maxBuffer: 16 * 1024 * 1024,
      encoding: "utf8",
      ...user,
    } as const;
    // With a uid that may not execute the file, Node reports the failure in the callback like any other.
    execFile(file, args, settings, (error, stdout, stderr) => {
      if (!error) return resolve({ code: 0, stdout, stderr });
      if (typeof error.code === "number") return resolve({ code: error.code, stdout, stderr });
      const failure = error.killed ? "ETIMEDOUT" : (error.code ?? error.signal ?? error.message);
      resolve({ code: null, stdout, stderr, failure: String(failure) });
    });
  });
}

/** The last lines of what a command said, for an error message; what it said on stderr goes before stdout. */
export function lastWords(result: CommandResult, count = 8): string {
  const text = result.stderr.trim() === "" ? result.stdout : result.stderr;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n") || (result.failure ?? `exit code ${result.code}`);
}
