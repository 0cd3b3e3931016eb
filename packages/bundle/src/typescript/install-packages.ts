import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Fault } from "@ntro/contract";
import { PACKAGE_FILE, type PackagesResult, readPackages } from "../packages";

const DEFAULT_TIMEOUT_MS = 120_000;
/** How much of npm's own explanation is passed on. */
const REASON_LINES = 5;

/** The packages that templates/package.json of a bundle's folder declares; none without the file. */
export async function declaredPackages(dir: string): Promise<PackagesResult> {
  const text = await readFile(join(dir, PACKAGE_FILE), "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  return readPackages(text === undefined ? new Map() : new Map([[PACKAGE_FILE, text]]));
}

/**
 * Installs the packages of templates/package.json into templates/node_modules with npm, without running any script of theirs.
 * Does nothing when there are none. A package-lock.json beside it is respected.
 * @param dir the bundle's folder, absolute; it is written to
 * @param options `timeout` in milliseconds, 120,000 by default; `npm` the program to run, `npm` of PATH by default
 */
export async function installPackages(dir: string, options: { timeout?: number; npm?: string } = {}): Promise<Fault[]> {
  const declared = await declaredPackages(dir);
  if (declared.status === "faulty") return declared.faults;
  if (declared.packages.size === 0) return [];
  const templates = join(dir, dirname(PACKAGE_FILE));
  const failure = await runNpm(options.npm ?? "npm", templates, options.timeout ?? DEFAULT_TIMEOUT_MS);
  return failure === undefined ? [] : [installFault(failure)];
}

function installFault(reason: string): Fault {
  return {
    code: "PACKAGE_INSTALL_FAILED",
    message: `npm could not install the bundle's packages: ${reason}`,
    path: PACKAGE_FILE,
    hint: "Check names and versions, and that this machine reaches the npm registry.",
  };
}

/** Why npm failed, or undefined when it did not. */
function runNpm(npm: string, cwd: string, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", "--loglevel=error"];
    // A group of its own, so that a late npm ends with everything it started.
    const child = spawn(npm, args, { cwd, stdio: ["ignore", "ignore", "pipe"], detached: true });
    let errors = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child);
    }, timeout);
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-20_000);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve(`${npm} could not be started (${error.message})`);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (late) resolve(`it took longer than ${Math.round(timeout / 1000)} s`);
      else resolve(code === 0 ? undefined : reasonOf(errors));
    });
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself in this moment.
  }
}

/** The lines in which npm says why, without their prefix and without where its log lies. */
function reasonOf(errors: string): string {
  const lines = errors
    .split("\n")
    .map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("npm warn") && !/complete log of this run|_logs/.test(line));
  return lines.slice(0, REASON_LINES).join("\n") || "it did not say why";
}
