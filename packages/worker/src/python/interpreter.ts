import { accessSync, constants, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import * as z from "zod";
import { pythonMissing } from "./python-fault";
import { runTool } from "./run-tool";

/** The oldest Python that the published SDK and its dependencies run on. */
const OLDEST: readonly [number, number] = [3, 11];
/** Where `python3` is older, a newer one often stands beside it under its own name. */
const NAMES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
const PROBE_MS = 20_000;
const PROBE = "import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:2])]))";

const INSTALL_HINT =
  "Install Python 3.11 or newer with pip (Debian, Ubuntu: apt install python3 python3-pip; macOS: brew install python), or set NTRO_PYTHON to one.";

const Probed = z.tuple([z.string().min(1), z.tuple([z.number(), z.number()])]);
/** What was found out about a program, and the mark of the file it was found out about. */
const Known = z.record(z.string(), z.object({ mark: z.string(), executable: z.string(), version: z.string() }));

/** A Python to make environments with. */
export interface Interpreter {
  /** Absolute; past any shim of a version manager. */
  readonly executable: string;
  /** Such as `3.11`. */
  readonly version: string;
}

/**
 * The Python of this machine: NTRO_PYTHON, or the first of PATH that is new enough. What was found is kept in `memory` (a file) as long as the program does not
 * change, so that it is asked once.
 * @throws PythonFault PYTHON_MISSING
 */
export async function findInterpreter(memory: string, env: NodeJS.ProcessEnv): Promise<Interpreter> {
  const chosen = env.NTRO_PYTHON;
  const candidates = chosen ? [chosen] : NAMES.flatMap((name) => findPrograms(name, env));
  const tooOld: string[] = [];
  for (const candidate of candidates) {
    const found = await identify(candidate, memory, env);
    if (found && isNewEnough(found.version)) return found;
    if (found) tooOld.push(`${candidate} is ${found.version}`);
  }
  if (chosen)
    throw pythonMissing(
      tooOld.length > 0
        ? `NTRO_PYTHON is too old: ${tooOld.join()}.`
        : `NTRO_PYTHON is ${chosen}, which is not a Python that runs.`,
      INSTALL_HINT,
    );
  throw pythonMissing(
    `There is no Python 3.11 or newer on this machine${tooOld.length > 0 ? ` (${tooOld.join(", ")})` : ""}.`,
    INSTALL_HINT,
  );
}

/** The programs of that name in the folders of PATH, in their order. */
export function findPrograms(name: string, env: NodeJS.ProcessEnv): string[] {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).filter(isProgram);
}

/** Whether a file is there that may be executed. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function identify(program: string, memory: string, env: NodeJS.ProcessEnv): Promise<Interpreter | undefined> {
  if (!isProgram(program)) return undefined;
  const { mtimeMs, size } = statSync(program);
  const mark = `${mtimeMs} ${size}`;
  const known = remembered(memory);
  const before = known[program];
  if (before?.mark === mark && isProgram(before.executable)) return before;
  const { code, stdout } = await runTool(program, ["-I", "-c", PROBE], { cwd: "/", env, timeoutMs: PROBE_MS });
  const probed = code === 0 ? Probed.safeParse(JSON.parse(stdout)) : undefined;
  if (!probed?.success) return undefined;
  const [executable, version] = probed.data;
  const found = { executable, version: version.join(".") };
  remember(memory, { ...known, [program]: { mark, ...found } });
  return found;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function remembered(memory: string): z.infer<typeof Known> {
  try {
    return Known.parse(JSON.parse(readFileSync(memory, "utf8")));
  } catch {
    // Not there, or of another version of ntro: it is found out again.
    return {};
  }
}

function remember(memory: string, known: z.infer<typeof Known>): void {
  const beside = `${memory}.${process.pid}`;
  mkdirSync(dirname(memory), { recursive: true });
  writeFileSync(beside, `${JSON.stringify(known)}\n`);
  renameSync(beside, memory);
}
