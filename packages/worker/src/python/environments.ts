import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BASE_ENVIRONMENT, type PythonEnvironment } from "@ntro/contract";
import { installerEnvironment } from "../child-environment";
import { withInstaller } from "./choose-installer";
import { installReason } from "./install-reason";
import { InstallError, type Installer } from "./installer";
import { findInterpreter, type Interpreter, isProgram } from "./interpreter";
import { makeOnce } from "./make-once";
import { PythonFault, pythonMissing } from "./python-fault";
import { runTool } from "./run-tool";

const VENV_MS = 120_000;
const DIGEST_SHOWN = 12;
/** What the host itself runs on: an environment that brings other versions would not be served. */
const HOST_NEEDS = new Set([
  "temporalio",
  "ntro",
  "pydantic",
  "pydantic-core",
  "protobuf",
  "nexus-rpc",
  "typing-extensions",
]);

export interface EnvironmentsOptions {
  /** Folder of all environments. */
  readonly home: string;
  /** File with the exact pins of the base environment. */
  readonly lock: string;
  /** The worker's own environment. */
  readonly env: NodeJS.ProcessEnv;
  log(line: string): void;
}

/** What a host is started with. */
export interface ReadyEnvironment {
  /** Program of the base environment. */
  readonly python: string;
  /** Folder of what the environment adds to it; null where it adds nothing. */
  readonly site: string | null;
}

interface Base {
  readonly folder: string;
  readonly python: string;
  readonly interpreter: Interpreter;
}

/**
 * The Python environments of this machine. Below the home lie `base-<digest of the lock and Python's version>/`, a venv that every host runs in, and beside it
 * `<base>-<name>/site/` with what an environment adds. Each is made once, by whoever comes first, and never changed; one that is there costs no process.
 */
export class PythonEnvironments {
  constructor(private readonly options: EnvironmentsOptions) {}

  /**
   * Makes an environment where it is not there yet.
   * @throws PythonFault why it cannot be made; the signal's reason
   */
  async ready({ name, requirements }: PythonEnvironment, signal?: AbortSignal): Promise<ReadyEnvironment> {
    const base = await this.#base(signal);
    if (name === BASE_ENVIRONMENT) return { python: base.python, site: null };
    const folder = `${base.folder}-${name}`;
    const site = join(folder, "site");
    await makeOnce(
      folder,
      () => existsSync(site),
      (beside) => this.#fillOverlay(base, requirements, beside, signal),
      signal,
    );
    return { python: base.python, site: readdirSync(site).length > 0 ? site : null };
  }

  async #base(signal: AbortSignal | undefined): Promise<Base> {
    const { home, lock, env } = this.options;
    const interpreter = await findInterpreter(join(home, "interpreters.json"), env);
    const digest = createHash("sha256").update(`${await readFile(lock, "utf8")}\n${interpreter.version}`);
    const folder = join(home, `base-${digest.digest("hex").slice(0, DIGEST_SHOWN)}`);
    const python = join(folder, "bin", "python");
    const make = (beside: string) => this.#fillBase(interpreter, beside, signal);
    await makeOnce(folder, () => isProgram(python), make, signal);
    return { folder, python, interpreter };
  }

  async #fillBase(interpreter: Interpreter, beside: string, signal: AbortSignal | undefined): Promise<void> {
    const { env, lock } = this.options;
    const begun = performance.now();
    const venv = await runTool(interpreter.executable, ["-m", "venv", "--without-pip", beside], {
      cwd: "/",
      env: installerEnvironment(env),
      timeoutMs: VENV_MS,
      signal,
    });
    if (venv.code !== 0)
      throw pythonMissing(
        `Python ${interpreter.version} cannot make an environment. It says:\n${installReason(venv)}`,
        "Install the rest of Python (Debian, Ubuntu: apt install python3-venv python3-pip), or set NTRO_PYTHON to another one.",
      );
    const name = await this.#install(interpreter, signal, async (installer) => {
      await installer.installBase(join(beside, "bin", "python"), lock).catch((error: unknown) => {
        throw error instanceof InstallError ? baseFault(error) : error;
      });
      return installer.name;
    });
    this.#log(`made the base environment with ${name}`, begun);
  }

  async #fillOverlay(
    { python, interpreter }: Base,
    requirements: readonly string[],
    beside: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const begun = performance.now();
    const write = async (file: string, lines: readonly string[]) => {
      await writeFile(join(beside, file), lines.map((line) => `${line}\n`).join(""));
      return join(beside, file);
    };
    const wanted = await write("requirements.txt", requirements);
    const kept = await write("constraints.txt", hostPins(await readFile(this.options.lock, "utf8")));
    const site = join(beside, "site");
    await mkdir(site);
    await this.#install(interpreter, signal, async (installer) => {
      const pins = await installer.missing(python, wanted, kept);
      const list = await write("installed.txt", pins);
      if (pins.length > 0) await installer.installInto(site, python, list);
      this.#log(`installed ${pins.length} packages with ${installer.name}`, begun);
    }).catch((error: unknown) => {
      throw error instanceof InstallError ? new PythonFault(error.requirementsFault) : error;
    });
  }

  #install<T>(
    { executable }: Interpreter,
    signal: AbortSignal | undefined,
    use: (installer: Installer) => Promise<T>,
  ): Promise<T> {
    const { home, env, log } = this.options;
    return withInstaller({ home, python: executable, env, signal, log }, use);
  }

  #log(what: string, begun: number): void {
    this.options.log(`${what} in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
}

/** The pins of a lock that no environment may change, without their extras: those make no constraint. */
export function hostPins(lock: string): string[] {
  return lock.split("\n").flatMap((line) => {
    const [, name = "", version = ""] = /^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)/.exec(line.trim()) ?? [];
    return HOST_NEEDS.has(name.toLowerCase().replace(/[-_.]+/g, "-")) ? [`${name}==${version}`] : [];
  });
}

function baseFault({ installer, reason }: InstallError): PythonFault {
  const noPip = /No module named pip\b/.test(reason);
  return pythonMissing(
    `The packages that every Python bundle runs on could not be installed. ${installer} says:\n${reason}`,
    noPip
      ? "Install pip (python3 -m ensurepip, or your system's python3-pip) or uv, and deploy again."
      : "Check that this machine reaches the Python package index (variables and files of pip and uv are respected), and deploy again.",
  );
}
