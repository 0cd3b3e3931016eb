import { existsSync } from "node:fs";
import { runTool } from "./run-tool";

const ASK_MS = 20_000;

/** pip's settings, and the variables by which uv takes the same. What uv wants between several values differs. */
const SHARED = [
  { pip: "index-url", uv: "UV_DEFAULT_INDEX", unless: ["UV_INDEX_URL"], between: " " },
  { pip: "extra-index-url", uv: "UV_EXTRA_INDEX_URL", unless: ["UV_INDEX"], between: " " },
  { pip: "find-links", uv: "UV_FIND_LINKS", unless: [], between: "," },
  { pip: "trusted-host", uv: "UV_INSECURE_HOST", unless: [], between: " " },
  { pip: "cert", uv: "SSL_CERT_FILE", unless: [], between: " " },
] as const;
/** As pip itself ranks them. */
const SCOPES = [":env:", "install", "global"];
const YES = /^(1|true|yes|on)$/i;

/** How uv is told where packages come from. */
export interface UvIndex {
  readonly variables: Record<string, string>;
  readonly args: readonly string[];
}

/**
 * What makes uv install from where the user told pip to install from, in variables or in pip's own files; what the user told uv itself stays.
 * @param pip how pip is called
 */
export async function indexForUv(
  pip: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<UvIndex> {
  const [program, ...args] = pip;
  const asked = await runTool(program, [...args, "config", "list"], { cwd: "/", env: { ...env }, timeoutMs: ASK_MS });
  return uvIndex(asked.code === 0 ? asked.stdout : "", env);
}

/** The same from what `pip config list` prints: lines such as `global.find-links='wheels'`. */
export function uvIndex(listed: string, env: Readonly<Record<string, string>>): UvIndex {
  const settings = new Map(
    [...listed.matchAll(/^([\w:]+)\.([\w-]+)=(['"])(.*)\3$/gm)].map(([, scope, name, , value = ""]) => [
      `${scope}.${name}`,
      value.split(/\\n|\s+/).filter((part) => part !== ""),
    ]),
  );
  const setting = (name: string) => SCOPES.map((scope) => settings.get(`${scope}.${name}`)).find(Boolean) ?? [];
  const variables: Record<string, string> = {};
  for (const { pip, uv, unless, between } of SHARED) {
    // uv stops where a folder of packages is not there; pip goes on.
    const values = setting(pip).filter((value) => pip !== "find-links" || value.includes("://") || existsSync(value));
    if (values.length > 0 && ![uv, ...unless].some((name) => env[name] !== undefined))
      variables[uv] = values.join(between);
  }
  return { variables, args: YES.test(setting("no-index")[0] ?? "") ? ["--no-index"] : [] };
}
