import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { nodeHostEnvironment, pythonHostEnvironment } from "./child-environment";
import type { ToHost } from "./host-messages";
import { HOST_ENTRY, PYTHON_DIR } from "./installation";

/** Longest message of a host, in characters; what is longer is none. */
const LONGEST = 1_000_000;

/** A host as a process, and the way to talk to it. */
export interface HostChannel {
  readonly child: ChildProcess;
  /** Nothing happens when the process is gone. */
  send(message: ToHost): void;
  /** Calls back with each thing it says, as it came. */
  listen(told: (raw: unknown) => void): void;
}

/** A host of TypeScript bundles: messages over Node's own channel. */
export function startNodeHost(): HostChannel {
  const child = fork(HOST_ENTRY, {
    env: nodeHostEnvironment(process.env),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "json",
  });
  return {
    child,
    send: (message) => {
      if (child.connected) child.send(message);
    },
    listen: (told) => child.on("message", told),
  };
}

/**
 * A host of Python bundles: messages are lines of JSON on its stdin and stdout; what its code prints goes to stderr.
 * @param python of the environment it runs in
 * @param folder to run in, the tenant's own: files that author code names by a relative path end up there
 */
export function startPythonHost(python: string, folder: string): HostChannel {
  mkdirSync(folder, { recursive: true });
  return lineChannel(
    spawn(python, ["-m", "ntro_host"], {
      cwd: folder,
      env: pythonHostEnvironment(process.env, PYTHON_DIR),
      stdio: ["pipe", "pipe", "inherit"],
    }),
  );
}

/** Talks to a process by lines of JSON. A line that is none is passed on as the text it is. */
export function lineChannel(child: ChildProcess): HostChannel {
  const { stdin, stdout } = child;
  // It has ended, and a message was under way.
  stdin?.on("error", () => undefined);
  return {
    child,
    send: (message) => {
      if (stdin?.writable) stdin.write(`${JSON.stringify(message)}\n`);
    },
    listen: (told) => {
      let rest = "";
      stdout?.setEncoding("utf8").on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = (lines.pop() ?? "").slice(0, LONGEST);
        for (const line of lines) if (line.trim() !== "") told(parsed(line));
      });
    },
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
