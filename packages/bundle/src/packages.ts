import type { Fault } from "@ntro/contract";
import { valid as validSemver } from "semver";
import * as z from "zod";
import { type Files, placeOf } from "./fault";

/** Where a TypeScript bundle names the npm packages its activities use. */
export const PACKAGE_FILE = "templates/package.json";

const Versions = z.record(z.string(), z.string()).optional();
const PackageJson = z.object({ dependencies: Versions, optionalDependencies: Versions, peerDependencies: Versions });

/** Either the packages (name → exact version; empty without a package.json), or what is wrong with the file. */
export type PackagesResult =
  | { status: "ok"; packages: ReadonlyMap<string, string> }
  | { status: "faulty"; faults: Fault[] };

/** Reads templates/package.json. Every version must be exact, so that the same bundle is the same code on every machine. */
export function readPackages(files: Files): PackagesResult {
  const text = files.get(PACKAGE_FILE);
  if (text === undefined) return { status: "ok", packages: new Map() };
  const parsed = parsePackageJson(text);
  if ("code" in parsed) return { status: "faulty", faults: [parsed] };
  const entries = [parsed.dependencies, parsed.optionalDependencies, parsed.peerDependencies].flatMap((part) =>
    Object.entries(part ?? {}),
  );
  const faults = entries
    .filter(([, version]) => validSemver(version) !== version)
    .map(([name, version]) => notPinned(text, name, version));
  return faults.length > 0 ? { status: "faulty", faults } : { status: "ok", packages: new Map(entries) };
}

function parsePackageJson(text: string): z.infer<typeof PackageJson> | Fault {
  const fault = (message: string): Fault => ({ code: "PACKAGE_JSON_INVALID", message, path: PACKAGE_FILE });
  try {
    const checked = PackageJson.safeParse(JSON.parse(text));
    if (checked.success) return checked.data;
    const issue = checked.error.issues[0];
    return fault(`${issue?.path.join(".") || "The file"} is not valid: ${issue?.message ?? "unknown"}.`);
  } catch (error) {
    return fault(`The file is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function notPinned(text: string, name: string, version: string): Fault {
  const offset = text.indexOf(JSON.stringify(name));
  return {
    code: "PACKAGE_NOT_PINNED",
    message: `The version of ${name} is ${JSON.stringify(version)}, which does not name one version.`,
    path: PACKAGE_FILE,
    ...(offset === -1 ? {} : placeOf(text, offset)),
    hint: `Write the exact version, such as "${name}": "1.2.3", so that every machine runs the same code.`,
  };
}
