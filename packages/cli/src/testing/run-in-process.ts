import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runNtro } from "../program";
import type { Terminal } from "../terminal";

/** What a command did. */
interface CommandRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a test runs a command. */
interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** Called with what was written to stderr so far whenever there is more. */
  readonly onStderr?: (text: string) => void;
}

/** A home of its own and commands that run in the test's process, without a terminal. */
export interface TestCli {
  readonly home: string;
  run(argv: readonly string[], options?: RunOptions): Promise<CommandRun>;
  /** Sends Ctrl-C to the commands that are running. */
  interrupt(): void;
  /** Removes the home. */
  remove(): void;
}

/** Makes a CLI for tests. `env` is all its commands see of an environment, besides NTRO_HOME. */
export function testCli(env: Readonly<Record<string, string>> = {}): TestCli {
  const home = mkdtempSync(join(tmpdir(), "ntro-cli-"));
  const listeners = new Set<(signal: "SIGINT") => void>();
  return {
    home,
    async run(argv, options = {}) {
      const written = { stdout: "", stderr: "" };
      const sink = (name: "stdout" | "stderr") => ({
        isTTY: false,
        columns: undefined,
        write(text: string) {
          written[name] += text;
          if (name === "stderr") options.onStderr?.(written.stderr);
        },
      });
      const terminal: Terminal = {
        env: { NTRO_HOME: home, ...env, ...options.env },
        stdout: sink("stdout"),
        stderr: sink("stderr"),
        stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
        cwd: options.cwd ?? home,
        dist: join(home, "dist"),
        onInterrupt(callback) {
          listeners.add(callback);
          return () => listeners.delete(callback);
        },
      };
      const exit = await runNtro(argv, terminal);
      return { exit, ...written };
    },
    interrupt() {
      for (const listener of listeners) listener("SIGINT");
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
