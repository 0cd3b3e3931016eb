import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { installReason } from "./install-reason";
import { INSTALL_MS, InstallError, type Installer } from "./installer";
import { runTool } from "./run-tool";

const QUIET = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--no-warn-script-location"];

const Report = z.object({
  install: z.array(
    z.object({
      is_direct: z.boolean(),
      download_info: z.object({ url: z.string() }),
      metadata: z.object({ name: z.string(), version: z.string() }),
    }),
  ),
});

/**
 * pip as an installer, for where uv cannot be had: slower, but wherever Python is.
 * @param pip how it is called, such as `["/usr/bin/python3", "-m", "pip"]`
 * @param folder to run in
 * @param scratch folder for its report
 */
export function pipInstaller(
  pip: readonly [string, ...string[]],
  {
    env,
    folder,
    scratch,
    signal,
  }: { env: Record<string, string>; folder: string; scratch: string; signal?: AbortSignal | undefined },
): Installer {
  const [program, ...before] = pip;
  const install = async (python: string, args: readonly string[]): Promise<void> => {
    const all = [...before, "--python", python, "install", ...QUIET, ...args];
    const result = await runTool(program, all, { cwd: folder, env, timeoutMs: INSTALL_MS, signal });
    if (result.code !== 0) throw new InstallError(installReason(result), "pip");
  };
  return {
    name: "pip",
    installBase: (python, lock) => install(python, ["--no-deps", "--compile", "-r", lock]),
    missing: async (python, requirements, constraints) => {
      const report = join(scratch, "report.json");
      const args = ["--dry-run", "--prefer-binary", "--report", report, "-r", requirements, "-c", constraints];
      await install(python, args);
      return Report.parse(JSON.parse(await readFile(report, "utf8"))).install.map(
        ({ is_direct, download_info, metadata: { name, version } }) =>
          is_direct ? `${name} @ ${download_info.url}` : `${name}==${version}`,
      );
    },
    installInto: (target, python, pins) => install(python, ["--target", target, "--no-deps", "--compile", "-r", pins]),
  };
}
