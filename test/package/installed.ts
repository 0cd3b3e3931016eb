import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Ran, ROOT, run } from "../system/platform";

/**
 * What of a machine the product may use besides its own packages: a Node to run on, `ps` to tell processes apart (not on Linux), and `id` to
 * find whom PostgreSQL may run as when it is started by root. No compiler, no npm, no Python.
 */
const PROGRAMS = { node: process.execPath, ps: onPath("ps"), id: onPath("id") };

/** The package as a user has it: packed, and installed into an empty prefix. Its commands see nothing of the clone. */
export class InstalledPackage {
  readonly folder = mkdtempSync(join(tmpdir(), "ntro-package-"));
  /** Where npm has put it. */
  readonly root = join(this.folder, "prefix", "lib", "node_modules", "ntro");
  /** The user's working folder, empty at first. */
  readonly work = this.#make("work");

  /** The file that `npm pack` makes of the built programs. */
  async pack(): Promise<string> {
    await this.#npm("pack", "--ignore-scripts", "--pack-destination", this.folder);
    const [archive] = readdirSync(this.folder).filter((name) => name.endsWith(".tgz"));
    if (!archive) throw new Error("npm pack has made no file.");
    return join(this.folder, archive);
  }

  /** `npm i -g`, without install scripts, which many users' npm does not run. */
  async install(archive: string): Promise<void> {
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    await this.#npm("install", "--global", "--prefix", join(this.folder, "prefix"), ...quiet, archive);
  }

  /** Runs one command of the installed program. */
  ntro(...args: string[]): Promise<Ran> {
    return run(join(this.folder, "prefix", "bin", "ntro"), args, this.#env(), this.work);
  }

  /** Runs one command that must succeed; what it printed. */
  async said(...args: string[]): Promise<string> {
    const ran = await this.ntro(...args);
    if (ran.code !== 0) throw new Error(`ntro ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}\n${ran.stderr}`);
    return ran.stdout;
  }

  async remove(): Promise<void> {
    await this.ntro("down");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    const programs = this.#make("programs");
    for (const [name, path] of Object.entries(PROGRAMS))
      if (!existsSync(join(programs, name))) symlinkSync(path, join(programs, name));
    return {
      PATH: [join(this.folder, "prefix", "bin"), programs].join(delimiter),
      HOME: this.#make("home"),
      NO_COLOR: "1",
      NTRO_TEMPORAL_BIN: process.env.NTRO_TEMPORAL_BIN,
      NTRO_PYTHON_HOME: process.env.NTRO_PYTHON_HOME,
    };
  }

  #make(name: string): string {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** With the settings of the machine's user, because packages have to come from where theirs do. */
  async #npm(...args: string[]): Promise<void> {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")));
    const ran = await run("npm", args, env, ROOT);
    if (ran.code !== 0) throw new Error(`npm ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}\n${ran.stderr}`);
  }
}

function onPath(name: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not on the PATH.`);
  return found;
}
