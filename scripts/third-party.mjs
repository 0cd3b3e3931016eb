// What the built programs contain of other projects: their licences, which have to travel with their code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The text of dist/THIRD-PARTY-LICENSES.txt.
 *
 * @param {string} root the repository
 * @param {Iterable<string>} inputs files that were bundled, as esbuild's metafile names them
 */
export function thirdPartyLicenses(root, inputs) {
  const packages = new Map();
  for (const input of inputs) {
    const folder = packageFolder(input);
    if (folder !== undefined) packages.set(folder, describe(root, folder));
  }
  const sections = [...new Set(packages.values())].sort();
  return `The programs in this folder contain code of the projects below.\n\n${sections.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** `…/node_modules/<name>` of a bundled file, with the innermost package where they are nested. */
function packageFolder(input) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
}

function describe(root, folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const file = readdirSync(join(root, folder)).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const path = file === undefined ? undefined : join(root, folder, file);
  const text = path !== undefined && existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return `${name} ${version} (${license})\n${text === "" ? "" : `\n${text}\n`}`;
}
