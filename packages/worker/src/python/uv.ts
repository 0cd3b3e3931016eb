import { installReason, isNetworkFailure } from "./install-reason";
import { INSTALL_MS, InstallError, type Installer } from "./installer";
import type { UvIndex } from "./package-index";
import { runTool, type ToolResult } from "./run-tool";

const PLAIN = ["--no-progress", "--color", "never", "--no-python-downloads"];
const WHEELS = ["--only-binary", ":all:"];
const OFFLINE = ["--offline"];

/**
 * uv as an installer. Where the index is out of reach it goes by its cache.
 * @param index where it finds packages
 * @param folder to run in: one without anybody's pyproject.toml
 */
export function uvInstaller(
  uv: string,
  index: UvIndex,
  { env, folder, signal }: { env: Record<string, string>; folder: string; signal?: AbortSignal | undefined },
): Installer {
  const variables = { ...index.variables, ...env, UV_PYTHON_DOWNLOADS: "never" };
  const settings = { cwd: folder, env: variables, timeoutMs: INSTALL_MS, signal };
  const call = (args: readonly string[]) => runTool(uv, ["pip", "install", ...args, ...index.args, ...PLAIN], settings);
  /** Each way of saying the same in turn, until one succeeds. */
  const install = async (args: readonly string[], ways: readonly (readonly string[])[]): Promise<ToolResult> => {
    const [way = [], ...others] = ways;
    const result = await call([...args, ...way]);
    if (result.code === 0) return result;
    const offline = isNetworkFailure(result) ? ways.map((each) => [...each, ...OFFLINE]) : undefined;
    if (!offline && others.length > 0) return install(args, others);
    for (const again of offline ?? []) {
      const cached = await call([...args, ...again]);
      if (cached.code === 0) return cached;
    }
    throw new InstallError(installReason(result), "uv");
  };
  return {
    name: "uv",
    installBase: async (python, lock) => {
      await install(["--python", python, "--no-deps", "--compile-bytecode", "-r", lock], [[]]);
    },
    missing: async (python, requirements, constraints) => {
      const args = ["--python", python, "--dry-run", "-r", requirements, "-c", constraints];
      // Wheels need no compiler; what has none is built.
      const { stdout, stderr } = await install(args, [WHEELS, []]);
      return addedPins(`${stdout}\n${stderr}`);
    },
    installInto: async (target, python, pins) => {
      await install(["--python", python, "--target", target, "--no-deps", "--compile-bytecode", "-r", pins], [[]]);
    },
  };
}

/** What a dry run would add: lines such as ` + rich==15.0.0`, ` + thing @ https://…`, or ` + thing==1.0 (from file:///…)`. */
export function addedPins(output: string): string[] {
  return [...output.matchAll(/^ \+ (\S+?)(?:==(\S+))?(?: (?:@ |\(from )(\S+?)\)?)?$/gm)].map(
    ([, name, version, url]) => (url === undefined ? `${name}==${version}` : `${name} @ ${url}`),
  );
}
