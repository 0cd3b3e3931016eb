import { runTool } from "./run-tool";

const ASK_MS = 20_000;

/** pip's settings, and the variables by which uv takes the same. What uv wants between several values differs. */
const SHARED = [
  { pip: "index-url", uv: "UV_DEFAULT_INDEX", unless: ["UV_INDEX_URL"], between: " " },
  { pip: "extra-index-url", uv: "UV_EXTRA_INDEX_URL", unless: ["UV_INDEX"], between: " " },
  { pip: "find-links", uv: "UV_FIND_LINKS", unless: [], between: "," },
  { pip: "trusted-host", uv: "UV_INSECURE_HOST", unless: [], between: " " },
  { pip: "no-index", uv: "UV_NO_INDEX", unless: [], between: " " },
  { pip: "cert", uv: "SSL_CERT_FILE", unless: [], between: " " },
] as const;
/** As pip itself ranks them. */
const SCOPES = [":env:", "install", "global"];

/**
 * The variables that make uv install from where the user told pip to install from, in variables or in pip's own files; what the user told uv itself stays.
 * @param pip how pip is called
 */
export async function indexForUv(
  pip: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const [program, ...args] = pip;
  const asked = await runTool(program, [...args, "config", "list"], { cwd: "/", env: { ...env }, timeoutMs: ASK_MS });
  return asked.code === 0 ? uvVariables(asked.stdout, env) : {};
}

/** The same from what `pip config list` prints: lines such as `global.index-url='https://…'`. */
export function uvVariables(listed: string, env: Readonly<Record<string, string>>): Record<string, string> {
  const settings = new Map(
    [...listed.matchAll(/^([\w:]+)\.([\w-]+)=(['"])(.*)\3$/gm)].map(([, scope, name, , value = ""]) => [
      `${scope}.${name}`,
      value.split(/\\n|\s+/).filter((part) => part !== ""),
    ]),
  );
  const variables: Record<string, string> = {};
  for (const { pip, uv, unless, between } of SHARED) {
    const values = SCOPES.map((scope) => settings.get(`${scope}.${pip}`)).find((found) => found !== undefined);
    if (!values || values.length === 0 || [uv, ...unless].some((name) => env[name] !== undefined)) continue;
    variables[uv] = values.join(between);
  }
  return variables;
}
