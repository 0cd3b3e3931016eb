import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Terminal } from "./terminal";

/** The folder of config, data, logs and tools: `$NTRO_HOME`, else `~/.ntro`. */
export function homeFolder(terminal: Pick<Terminal, "env" | "cwd">): string {
  const chosen = terminal.env.NTRO_HOME;
  return chosen ? resolve(terminal.cwd, chosen) : join(terminal.env.HOME || homedir(), ".ntro");
}
