import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Memory of a process in MiB: its share (PSS) where Linux tells it, else its resident set. NaN when the process is gone. */
export async function memoryMib(pid: number): Promise<number> {
  try {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    if (pss !== undefined) return Number(pss) / 1024;
  } catch {
    // Not Linux, or another user's process.
  }
  const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim() === "" ? Number.NaN : Number(stdout) / 1024;
}

/** Children of a process, and theirs. */
export async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
  const parents = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found: number[] = [];
  let open = [pid];
  while (open.length > 0) {
    open = parents.flatMap(([child, parent]) =>
      child !== undefined && parent !== undefined && open.includes(parent) ? [child] : [],
    );
    found.push(...open);
  }
  return found;
}

/** The processes whose cost belongs together, by a name for people. */
export type Processes = Readonly<Record<string, readonly number[]>>;

/** Milliseconds of processor time that processes have used so far, by name. Coarse where there is no /proc. */
export async function processorMs(processes: Processes): Promise<Record<string, number>> {
  const of = async ([name, pids]: [string, readonly number[]]): Promise<[string, number]> => {
    const each = await Promise.all(pids.map(processorMsOf));
    return [name, each.reduce((sum, value) => sum + value, 0)];
  };
  return Object.fromEntries(await Promise.all(Object.entries(processes).map(of)));
}

async function processorMsOf(pid: number): Promise<number> {
  try {
    // After the program's name, which is in parentheses and may hold anything: fields 14 and 15 in hundredths of a second.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    const { stdout } = await run("ps", ["-o", "time=", "-p", String(pid)]).catch(() => ({ stdout: "0" }));
    const seconds = stdout
      .trim()
      .split(/[-:]/)
      .reduce((sum, part) => sum * 60 + Number(part), 0);
    return seconds * 1000;
  }
}
