import { spawn } from "node:child_process";
import { ACTIVITY_FILES } from "@ntro/bundle/typescript";
import type { Activity } from "@ntro/runbook";
import { isActivity } from "@ntro/runbook/activity";
import * as z from "zod";
import { BundleFaulty, loadFault } from "./load-failure";

/** How long a bundle's top-level activity code may take. */
const LOAD_TIMEOUT_MS = 10_000;

/** Runs in a process of its own: loads the module and says what it exports, or what it threw. */
const SCRIPT = `
const tell = (message) => process.send(message, () => process.disconnect());
try {
  const found = Object.entries(require(process.argv[1]));
  tell({ found: found.map(([name, value]) => ({ name, value: { kind: value?.kind, policy: value?.policy } })) });
} catch (error) {
  tell({ thrown: error instanceof Error ? { message: error.message, stack: String(error.stack) } : { message: String(error) } });
}`;

const Told = z.union([
  z.object({
    found: z.array(z.object({ name: z.string(), value: z.unknown() })),
  }),
  z.object({ thrown: z.object({ message: z.string(), stack: z.string().optional() }) }),
]);
type Told = z.infer<typeof Told>;

/**
 * Loads a built activities module for the first time, apart from the host: code that throws, ends the process, uses up its memory or never comes back must not
 * touch the tenant's other tasks.
 * @param path of the built file
 * @param files the bundle's, for the line that a fault shows
 * @returns its activities as far as their policies, by name
 * @throws BundleFaulty
 */
export async function trialLoad(
  path: string,
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Pick<Activity, "policy">>> {
  const told = await loadApart(path);
  if (typeof told === "string") throw faulty(told);
  if ("thrown" in told) throw faulty(told.thrown.message, placeIn(told.thrown.stack ?? "", files));
  return new Map(
    told.found.flatMap(({ name, value }) => (name !== "default" && isActivity(value) ? [[name, value] as const] : [])),
  );
}

/** What the module's process told, or how it ended without a word. */
function loadApart(path: string): Promise<Told | string> {
  return new Promise((resolve, reject) => {
    // Node 20 reads these certificates at every start, which takes it longer than all the rest.
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const child = spawn(process.execPath, ["--enable-source-maps", "-e", SCRIPT, path], {
      env,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      timeout: LOAD_TIMEOUT_MS,
      killSignal: "SIGKILL",
    });
    let told: Told | undefined;
    child.once("message", (message) => {
      told = Told.parse(message);
      // Timers and connections of the module would keep it.
      child.kill("SIGKILL");
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (told) resolve(told);
      else if (signal === "SIGKILL") resolve(`Loading it took longer than ${LOAD_TIMEOUT_MS / 1000} s.`);
      else resolve(`It ended the process while it was loaded (${signal ?? `exit code ${code}`}).`);
    });
  });
}

type Place = Pick<ReturnType<typeof loadFault>, "path" | "line" | "column" | "source">;

/** The author's file and line that a stack trace starts in. */
function placeIn(stack: string, files: ReadonlyMap<string, string>): Place | undefined {
  const [, path = "", line, column] = /(templates\/[^\s:()]+):(\d+):(\d+)/.exec(stack) ?? [];
  const source = files.get(path)?.split(/\r?\n/)[Number(line) - 1];
  return source === undefined ? undefined : { path, line: Number(line), column: Number(column), source };
}

function faulty(message: string, place?: Place): BundleFaulty {
  const hint = "The module's top-level code failed; move side effects into activities.";
  return new BundleFaulty([{ ...loadFault("RUNBOOK_LOAD_ERROR", ACTIVITY_FILES[0], message, hint), ...place }]);
}
