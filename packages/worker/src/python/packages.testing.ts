import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a wheel of one module that holds its own version: `<folder> <name> <version> <what it requires>…`. */
const MAKE_WHEEL = `
import sys, zipfile
folder, name, version, *requires = sys.argv[1:]
module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
files = {
    f"{module}.py": f"VERSION = {version!r}\\n",
    f"{info}/METADATA": "".join([f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n", *(f"Requires-Dist: {each}\\n" for each in requires)]),
    f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
files[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*files, f"{info}/RECORD"])
with zipfile.ZipFile(f"{folder}/{module}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
`;

/** Puts a wheel into a folder that installers are told to look in. */
export function makeWheel(folder: string, name: string, version: string, ...requires: string[]): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("python3", ["-c", MAKE_WHEEL, folder, name, version, ...requires]);
}

/** The uv that set-up has fetched, if it has; otherwise there is one on the PATH, or none. */
export function fetchedUv(): string | undefined {
  const tools = join(process.env.NTRO_PYTHON_HOME ?? "", "tools");
  const names = existsSync(tools) ? readdirSync(tools).filter((name) => name.startsWith("uv-")) : [];
  return names.map((name) => join(tools, name, "bin", "uv")).find((file) => existsSync(file));
}

/** A program that notes that it was called and then is another one. */
export class Counted {
  readonly #calls: string;

  constructor(
    readonly file: string,
    program: string,
  ) {
    this.#calls = `${file}.calls`;
    writeScript(file, `echo "$*" >> '${this.#calls}'\nexec '${program}' "$@"`);
  }

  /** The arguments of each call. */
  get calls(): string[] {
    if (!existsSync(this.#calls)) return [];
    return readFileSync(this.#calls, "utf8").trim().split("\n");
  }
}

/** An executable of these lines of sh. */
export function writeScript(file: string, lines: string): void {
  writeFileSync(file, `#!/bin/sh\n${lines}\n`);
  chmodSync(file, 0o755);
}
