import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Terminal } from "./terminal";

/** Asks one line of the person; undefined when there is no terminal to ask at. */
export function ask(terminal: Terminal, question: string): Promise<string | undefined> {
  return askLine(terminal, question, true);
}

/** Asks for a secret, which is not shown while it is typed; undefined when there is no terminal to ask at. */
export function askSecret(terminal: Terminal, question: string): Promise<string | undefined> {
  return askLine(terminal, question, false);
}

async function askLine(terminal: Terminal, question: string, echo: boolean): Promise<string | undefined> {
  if (!terminal.stdin.isTTY || !terminal.stderr.isTTY) return undefined;
  terminal.stderr.write(question);
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (echo) terminal.stderr.write(chunk.toString("utf8"));
      done();
    },
  });
  const reader = createInterface({ input: terminal.stdin, output, terminal: true });
  try {
    // Closing (Ctrl-D) must end the question; readline alone would leave it open for ever.
    const closed = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
    reader.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
    const answer = await Promise.race([reader.question(""), closed]);
    return answer?.trim();
  } finally {
    reader.close();
    if (!echo) terminal.stderr.write("\n");
  }
}

/** Everything on stdin, without the line end at its end. */
export async function readStdin(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
