import type { Readable } from "node:stream";

/** Where a command writes. `columns` is undefined when it is no terminal. */
export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}

/** Everything a command sees of the process it runs in, so that tests can run commands in their own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Relative paths that people type start here. */
  readonly cwd: string;
  /** The folder that holds `server.js` and `worker.js`. */
  readonly dist: string;
  /** Calls back at Ctrl-C or SIGTERM, once; returns what takes the listener off. */
  onInterrupt(callback: (signal: "SIGINT" | "SIGTERM") => void): () => void;
}

/** The terminal of this process. */
export function processTerminal(dist: string): Terminal {
  return {
    env: process.env,
    stdout: sink(process.stdout),
    stderr: sink(process.stderr),
    stdin: process.stdin,
    cwd: process.cwd(),
    dist,
    onInterrupt(callback) {
      const signals = ["SIGINT", "SIGTERM"] as const;
      const listeners = signals.map((signal) => [signal, () => callback(signal)] as const);
      for (const [signal, listener] of listeners) process.on(signal, listener);
      return () => {
        for (const [signal, listener] of listeners) process.off(signal, listener);
      };
    },
  };
}

function sink(stream: NodeJS.WriteStream): Sink {
  return {
    write: (text) => void stream.write(text),
    isTTY: stream.isTTY === true,
    columns: stream.isTTY === true ? stream.columns : undefined,
  };
}
