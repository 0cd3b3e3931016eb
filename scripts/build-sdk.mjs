// Builds what author code is compiled and run with: dist/sdk (the SDK as one module, with its types) and dist/prelude.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * @param {string} root the repository
 * @param {string} dist where the product is built
 * @returns {Promise<string[]>} the files the SDK was bundled from
 */
export async function buildSdk(root, dist) {
  const sdk = join(dist, "sdk");
  rmSync(sdk, { recursive: true, force: true });
  mkdirSync(sdk, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: [join(root, "packages/runbook/src/index.ts")],
    outfile: join(sdk, "index.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    external: ["zod"],
    legalComments: "none",
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const options = [
    "--declaration",
    "--emitDeclarationOnly",
    "--noEmit",
    "false",
    "--rootDir",
    "packages/runbook/src",
    "--outDir",
    sdk,
  ];
  const compiler = [
    "--target",
    "ES2023",
    "--module",
    "ESNext",
    "--moduleResolution",
    "bundler",
    "--strict",
    "--skipLibCheck",
    "--types",
    "node",
    "--ignoreConfig",
  ];
  execFileSync(process.execPath, [tsc, "packages/runbook/src/index.ts", ...options, ...compiler], {
    cwd: root,
    stdio: "inherit",
  });
  execFileSync(process.execPath, ["--import", "tsx", "scripts/build-prelude.ts", join(dist, "prelude")], {
    cwd: root,
    stdio: "inherit",
  });
  return Object.keys(metafile.inputs);
}
