import { type ChildProcess, spawn } from "node:child_process";

/** How a tool ended. `code` is null when it could not be started, was ended, or took too long; `failure` says which. */
export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure?: string;
}

/** In which folder and environment a tool runs, for how many milliseconds at most, and what ends it before. */
export interface ToolOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Of each of a tool's streams so much is kept, from its end. */
const KEPT_CHARACTERS = 4_000_000;

/**
 * Runs a tool to its end, in a group of its own so that it ends with everything it started. That it fails is a result.
 * @throws the signal's reason when it is aborted
 */
export async function runTool(
  file: string,
  args: readonly string[],
  { cwd, env, timeoutMs, signal }: ToolOptions,
): Promise<ToolResult> {
  signal?.throwIfAborted();
  const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const stdout = keep(child.stdout);
  const stderr = keep(child.stderr);
  let failure: string | undefined;
  const timer = setTimeout(() => {
    failure = `it took longer than ${Math.round(timeoutMs / 1000)} s`;
    endGroup(child);
  }, timeoutMs);
  const abort = () => endGroup(child);
  signal?.addEventListener("abort", abort, { once: true });
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      failure ??= `it could not be started (${error.message})`;
      resolve(null);
    });
    child.once("close", (ended) => resolve(ended));
  });
  clearTimeout(timer);
  signal?.removeEventListener("abort", abort);
  signal?.throwIfAborted();
  return { code, stdout: stdout(), stderr: stderr(), ...(failure === undefined ? {} : { failure }) };
}

function keep(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-KEPT_CHARACTERS);
  });
  return () => text;
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself in this moment.
  }
}
