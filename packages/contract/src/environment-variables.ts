/*
 * Which environment variables go from a program to what it starts. Everything else stays where it is: keys of the platform must not be seen by author code.
 * A name that ends with `*` stands for all that begin so.
 */

/** How this machine reaches others. */
export const NETWORK_VARIABLES: readonly string[] = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "https_proxy",
  "http_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
];

/** What npm goes by when it installs bundles' packages. */
export const NPM_VARIABLES: readonly string[] = ["npm_config_registry", "npm_config_cache"];

/** What pip and uv go by when they install packages. They may hold the credentials of an index: for installers only. */
export const PYTHON_PACKAGE_VARIABLES: readonly string[] = [
  "PIP_*",
  "UV_*",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "NETRC",
];

/** Which Python, uv and environments a worker uses. */
export const PYTHON_CHOICES: readonly string[] = ["NTRO_PYTHON", "NTRO_PYTHON_HOME", "NTRO_UV_BIN"];

/** What the published Python SDK reads for author code. */
export const AUTHOR_VARIABLES: readonly string[] = [
  "ANTHROPIC_API_KEY",
  "NTRO_AI_*",
  "NTRO_ANTHROPIC_*",
  "NTRO_TENANT_UI_BASE",
  "COMPANIES_HOUSE_API_KEY",
  "APIDECK_*",
  "DATABRICKS_*",
  "EMAIL_*",
];

/** The variables of `env` that the lists name. */
export function pickVariables(
  env: Readonly<Record<string, string | undefined>>,
  ...lists: readonly (readonly string[])[]
): Record<string, string> {
  const names = lists.flat();
  const named = (name: string) =>
    names.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value !== undefined && named(name) ? [[name, value]] : [])),
  );
}
