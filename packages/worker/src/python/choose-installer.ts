import { mkdtempSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { installerEnvironment } from "../child-environment";
import { installReason } from "./install-reason";
import { INSTALL_MS, type Installer } from "./installer";
import { findPrograms, isProgram } from "./interpreter";
import { makeOnce } from "./make-once";
import { indexForUv } from "./package-index";
import { pipInstaller } from "./pip";
import { pythonMissing } from "./python-fault";
import { runTool } from "./run-tool";
import { uvInstaller } from "./uv";

/** The version of the PyPI package `uv` that is installed when there is no uv. */
const UV_VERSION = "0.13.9";

const VERSION_MS = 20_000;

/** Where installers are looked for and work. */
export interface InstallerPlace {
  /** Of all environments; tools go below it. */
  readonly home: string;
  /** A Python that has pip. */
  readonly python: string;
  /** The worker's own environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  log(line: string): void;
}

/**
 * Does something with an installer: NTRO_UV_BIN, the uv of PATH, one that is installed once with pip, or pip itself where none of these can be had.
 * @throws PythonFault when NTRO_UV_BIN is wrong; what `use` throws
 */
export async function withInstaller<T>(place: InstallerPlace, use: (installer: Installer) => Promise<T>): Promise<T> {
  const env = installerEnvironment(place.env);
  const pip = [place.python, "-m", "pip"] as const;
  const scratch = await makeScratch(place.home);
  try {
    const uv = await findUv(place, env, scratch);
    if (uv === undefined)
      return await use(pipInstaller([...pip], { env, folder: scratch, scratch, signal: place.signal }));
    const index = await indexForUv([...pip], env);
    return await use(uvInstaller(uv, index, { env, folder: scratch, signal: place.signal }));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A folder of its own to work in. */
async function makeScratch(home: string): Promise<string> {
  const folder = join(home, "tmp");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(folder, "install-"));
}

async function findUv(place: InstallerPlace, env: Record<string, string>, cwd: string): Promise<string | undefined> {
  const chosen = place.env.NTRO_UV_BIN;
  if (chosen) {
    if (isProgram(chosen)) return chosen;
    throw pythonMissing(
      `NTRO_UV_BIN is ${chosen}, which is not a program.`,
      "Set it to the path of uv, or unset it to let ntro find or install one.",
    );
  }
  const folder = join(place.home, "tools", `uv-${UV_VERSION}`);
  const own = join(folder, "bin", "uv");
  for (const program of [...findPrograms("uv", place.env), own]) if (await runs(program, env)) return program;
  try {
    await makeOnce(
      folder,
      () => isProgram(own),
      (beside) => installUv(place, env, cwd, beside),
      place.signal,
    );
    return own;
  } catch (error) {
    place.signal?.throwIfAborted();
    place.log(`uv cannot be had; pip does its work. ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function runs(program: string, env: Record<string, string>): Promise<boolean> {
  if (!isProgram(program)) return false;
  const { code, stdout } = await runTool(program, ["--version"], { cwd: "/", env, timeoutMs: VERSION_MS });
  return code === 0 && stdout.startsWith("uv ");
}

async function installUv(
  { python, signal }: InstallerPlace,
  env: Record<string, string>,
  cwd: string,
  target: string,
): Promise<void> {
  const quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-warn-script-location"];
  const args = ["-m", "pip", "install", ...quiet, "--no-deps", "--no-user", "--target", target, `uv==${UV_VERSION}`];
  const result = await runTool(python, args, { cwd, env: { PIP_RETRIES: "2", ...env }, timeoutMs: INSTALL_MS, signal });
  if (result.code !== 0) throw new Error(installReason(result));
  if (!(await runs(join(target, "bin", "uv"), env))) throw new Error("What was installed does not run here.");
}
