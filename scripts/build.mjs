// Builds dist/: the programs that ship.
//   node scripts/build.mjs
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildSdk } from "./build-sdk.mjs";
import { thirdPartyLicenses } from "./third-party.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const { version, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Installed beside the product, not built into it: native parts, or code that must be one copy for all. */
const EXTERNAL = ["@temporalio/*", "esbuild", "oxc-parser"];
/** Asked for by pg, and done without where it is not there. */
const OPTIONAL = ["pg-native"];

/** CommonJS dependencies inside an ES module ask for `require`, which such a module does not have. */
const REQUIRE = `import { createRequire as ntroCreateRequire } from "node:module"; const require = ntroCreateRequire(import.meta.url);`;

/** A source map, inlined, that knows only where a file begins; one that knows nothing at all would not be taken. */
const NO_LINES = JSON.stringify({ version: 3, sources: ["_"], names: [], mappings: "AAAA" });
const NO_MAP = `\n//# sourceMappingURL=data:application/json;base64,${btoa(NO_LINES)}`;

/** Keeps dependencies out of our source maps: nobody reads their lines, and a program loads its whole map when it starts. */
const mapOnlyOurs = {
  name: "map-only-ours",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8") + NO_MAP,
      loader: "js",
    }));
  },
};

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  external: [...EXTERNAL, ...OPTIONAL],
  sourcemap: true,
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
  plugins: [mapOnlyOurs],
  define: { NTRO_VERSION: JSON.stringify(version), "process.env.NTRO_VERSION": JSON.stringify(version) },
};
const esm = { ...shared, format: "esm", banner: { js: REQUIRE } };

/** What is built. The CLI's commands are chunks that are loaded when they are run. */
const PROGRAMS = [
  {
    ...esm,
    entryPoints: { ntro: "packages/cli/src/main.ts" },
    outdir: "dist",
    splitting: true,
    chunkNames: "cli/[name]-[hash]",
  },
  { ...esm, entryPoints: ["packages/server/src/main.ts"], outfile: "dist/server.js" },
  { ...esm, entryPoints: ["packages/worker/src/main.ts"], outfile: "dist/worker.js" },
  { ...esm, entryPoints: ["packages/worker/src/host/main.ts"], outfile: "dist/host.js" },
  {
    ...shared,
    format: "cjs",
    entryPoints: ["packages/worker/src/host/mux/workflow-thread.ts"],
    outfile: "dist/workflow-thread.cjs",
  },
];

/** What a program imports when it runs has to be installed with it. */
function requireInstalled(file, specifier) {
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (isBuiltin(specifier) || OPTIONAL.includes(name) || dependencies[name] !== undefined) return;
  console.error(`${file} imports ${specifier}, which is not among the dependencies in package.json.`);
  process.exit(1);
}

mkdirSync(dist, { recursive: true });
// Written last: set-up takes a folder without it, or with an old one, for a build that has to be made.
const complete = join(dist, "package.json");
rmSync(complete, { force: true });
const begun = performance.now();
const written = new Set();
const inputs = new Set();
for (const options of PROGRAMS) {
  const { metafile } = await build(options).catch(() => {
    console.error("The build failed.");
    process.exit(1);
  });
  for (const input of Object.keys(metafile.inputs)) inputs.add(input);
  for (const [file, { bytes, entryPoint, imports }] of Object.entries(metafile.outputs)) {
    written.add(file);
    for (const { path, external } of imports) if (external) requireInstalled(file, path);
    if (entryPoint && !file.startsWith("dist/cli/"))
      console.error(`  ${file.padEnd(28)} ${(bytes / 1024).toFixed(0).padStart(6)} KiB`);
  }
}
for (const input of await buildSdk(root, dist)) inputs.add(input);

// Python is not built: the host's package is copied as it is, without what an interpreter has left in it, and with the pins of its environment.
const python = join(dist, "python");
rmSync(python, { recursive: true, force: true });
cpSync(join(root, "python", "ntro_host"), join(python, "ntro_host"), {
  recursive: true,
  filter: (path) => basename(path) !== "__pycache__",
});
cpSync(join(root, "python", "requirements.lock"), join(python, "requirements.lock"));

// Chunks of earlier builds have other names and would pile up.
const chunks = join(dist, "cli");
for (const name of readdirSync(chunks)) if (!written.has(`dist/cli/${name}`)) rmSync(join(chunks, name));

writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(root, inputs));
writeFileSync(complete, `${JSON.stringify({ type: "module" })}\n`);
console.error(`built in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
