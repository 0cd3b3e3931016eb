// The Python environments that tests, checks and the demo of a clone use. Plain Node: set-up needs this before anything is installed.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Laid out as NTRO_PYTHON_HOME of a worker, so that no test makes its own. @param {string} root the clone */
export function pythonHome(root) {
  return join(root, ".cache", "python");
}

/** Where set-up notes what it has made. @param {string} root the clone */
export function noteFile(root) {
  return join(pythonHome(root), "clone.json");
}

/** Of everything that the environments are made of. @param {string} root the clone */
export function locksDigest(root) {
  const locks = ["requirements.lock", "requirements-dev.lock"].map((name) => readFileSync(join(root, "python", name)));
  return createHash("sha256").update(locks.join("\n")).digest("hex");
}

/**
 * The program of the base environment and the folder with pytest, mypy and ruff, if set-up has made them for these locks.
 * @param {string} root the clone
 * @returns {{ python: string, tools: string } | undefined}
 */
export function clonePython(root) {
  const file = noteFile(root);
  if (!existsSync(file)) return undefined;
  const { locks, python, tools } = JSON.parse(readFileSync(file, "utf8"));
  return locks === locksDigest(root) && existsSync(python) && existsSync(tools) ? { python, tools } : undefined;
}

/**
 * The checks of python/, as commands; undefined where set-up could not make the environments.
 * @param {string} root the clone
 * @param {string[]} names of `ruff`, `format`, `mypy`, `pytest`
 */
export function pythonCommands(root, names) {
  const made = clonePython(root);
  if (!made) return undefined;
  const { python, tools } = made;
  const ruff = join(tools, "bin", "ruff");
  const cache = (name) => join(root, ".cache", name);
  const commands = {
    ruff: { file: ruff, args: ["check", "--cache-dir", cache("ruff"), "."] },
    format: { file: ruff, args: ["format", "--check", "--cache-dir", cache("ruff"), "."] },
    mypy: { file: python, args: ["-m", "mypy", "--cache-dir", cache("mypy")] },
    pytest: { file: python, args: ["-m", "pytest", "-o", `cache_dir=${cache("pytest")}`] },
  };
  const env = {
    ...process.env,
    PYTHONPATH: [tools, process.env.PYTHONPATH].filter(Boolean).join(delimiter),
    NTRO_PYTHON_HOME: pythonHome(root),
  };
  return names.map((name) => ({ name, ...commands[name], options: { cwd: join(root, "python"), env } }));
}

/** What to say where {@link pythonCommands} gives nothing. */
export const NO_PYTHON =
  "There is no Python environment: `npm run setup` makes it, with Python 3.11 or newer and pip (or NTRO_PYTHON set to one).";
