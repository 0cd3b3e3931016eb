import { readFileSync } from "node:fs";

declare const NTRO_VERSION: string | undefined;

/** The version of the product: put in by the build, read from package.json when run from source. */
export function productVersion(): string {
  if (typeof NTRO_VERSION === "string") return NTRO_VERSION;
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  const version: unknown = JSON.parse(text).version;
  return typeof version === "string" ? version : "0.0.0";
}
