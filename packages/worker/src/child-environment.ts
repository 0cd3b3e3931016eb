import { NETWORK_VARIABLES, NPM_VARIABLES, PYTHON_PACKAGE_VARIABLES, pickVariables } from "@ntro/contract";

/** What any program needs to run as this user on this machine. */
const MACHINE = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

/** What a host of TypeScript bundles sees of the supervisor's environment; it runs npm. */
export function nodeHostEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return { ...pickVariables(env, MACHINE, NETWORK_VARIABLES, NPM_VARIABLES), NODE_ENV: "production" };
}

/**
 * What a host of Python bundles sees of it.
 * @param packages folder that holds the package `ntro_host`
 */
export function pythonHostEnvironment(env: NodeJS.ProcessEnv, packages: string): Record<string, string> {
  return {
    // Libraries that wheels look for where a system keeps them in places of its own.
    ...pickVariables(env, MACHINE, NETWORK_VARIABLES, ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"]),
    PYTHONPATH: packages,
    PYTHONUNBUFFERED: "1",
    PYTHONUTF8: "1",
    // Neither the folder it is started in nor packages that the user installed for himself are part of an environment.
    PYTHONSAFEPATH: "1",
    PYTHONNOUSERSITE: "1",
  };
}

/** What pip and uv see of it; building a package runs its author's code, so no keys but those of indexes. */
export function installerEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return {
    ...pickVariables(env, MACHINE, NETWORK_VARIABLES, PYTHON_PACKAGE_VARIABLES, ["LD_LIBRARY_PATH", "CC", "CXX"]),
    PYTHONNOUSERSITE: "1",
  };
}
