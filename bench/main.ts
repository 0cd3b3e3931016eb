/**
 * What the platform costs, as ratios to what it stands on, measured by turns in one run on one machine:
 * `npm run bench` (minutes), `npm run bench -- --quick` (under a minute, coarser). `npm run bench -- --scale` measures thousands of revisions beside next to none instead
 * (ten minutes and 6 GiB; with `--quick` a tenth of it). Results also go to `bench/results/` as JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBareWorker } from "./bare-worker";
import { BenchPlatform } from "./bench-platform";
import { measureCliStart } from "./cli-start";
import { measureDeploy } from "./deploy-to-run";
import { measureMemory } from "./memory";
import { measurePython } from "./python";
import { ratioOf, renderSection, type Section, summary, verdictOf } from "./result";
import { measureScale } from "./scale/scale";
import { measureStartToDone } from "./start-to-done";

const SIZES = {
  quick: {
    startToDone: {
      warmUp: 3,
      sequential: 12,
      blocks: 1,
      runsPerBlock: 30,
      concurrency: 20,
      seconds: { sequential: 8, blocks: 10 },
    },
    cliStarts: 20,
    deploys: 2,
    revisions: 4,
    scale: {
      tenants: 20,
      inUse: 4,
      slugs: 5,
      versions: 10,
      serverStarts: 3,
      nudges: 20,
      deploys: 2,
      runs: 3,
      wakes: 3,
    },
  },
  full: {
    startToDone: {
      warmUp: 20,
      sequential: 100,
      blocks: 2,
      runsPerBlock: 200,
      concurrency: 20,
      seconds: { sequential: 60, blocks: 60 },
    },
    cliStarts: 40,
    deploys: 7,
    revisions: 24,
    scale: {
      tenants: 100,
      inUse: 20,
      slugs: 10,
      versions: 10,
      serverStarts: 5,
      nudges: 50,
      deploys: 5,
      runs: 5,
      wakes: 9,
    },
  },
};

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean", default: false }, scale: { type: "boolean", default: false } },
});
const size = flags.quick ? SIZES.quick : SIZES.full;
const begun = Date.now();
const seconds = () => ((Date.now() - begun) / 1000).toFixed(0).padStart(4);

function progress(line: string): void {
  console.error(`${seconds()} s  ${line}`);
}

async function measure(): Promise<Section[]> {
  progress("starts of the command line");
  const cli = await measureCliStart(size.cliStarts);
  progress("starting a platform in a folder of its own");
  const bench = await BenchPlatform.start();
  // The platform is detached: an interrupted bench must not leave it running.
  const interrupted = () => void bench.stop().finally(() => process.exit(130));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  try {
    progress("deploying, starting the bare worker");
    const normal = await bench.deploy("no-op");
    const short = await bench.deploy("no-op-short");
    const bare = await startBareWorker(bench.address, bench.namespace);
    try {
      progress("start to done");
      const runs = await measureStartToDone(bench, bare, { normal, short }, size.startToDone);
      progress("deploys");
      const deploy = await measureDeploy(bench, size.deploys);
      progress("memory");
      const memory = await measureMemory(bench, bare, size.revisions);
      progress("Python");
      const python = await measurePython(bench, size.startToDone, size.revisions);
      return [...runs, deploy, cli, memory, ...python];
    } finally {
      await bare.stop();
    }
  } finally {
    progress("stopping");
    await bench.stop();
  }
}

/** What the numbers depend on beside the code. */
function machine() {
  const [first] = cpus();
  return {
    cores: cpus().length,
    processor: first?.model ?? "unknown",
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    loadBefore: LOAD_BEFORE,
    loadAfter: loadavg()[0],
  };
}

function commit(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    }).trim();
  } catch {
    return null;
  }
}

function save(sections: readonly Section[]): string {
  const folder = join(import.meta.dirname, "results");
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const path = join(folder, `${at.replaceAll(/[:.]/g, "-")}.json`);
  const withVerdicts = sections.map((section) => ({
    ...section,
    rows: section.rows.map((row) => ({ ...row, ratio: ratioOf(row), verdict: verdictOf(row) })),
  }));
  const content = { at, commit: commit(), quick: flags.quick, machine: machine(), sections: withVerdicts };
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  return path;
}

const LOAD_BEFORE = loadavg()[0];
const sections = flags.scale ? await measureScale(size.scale, progress) : await measure();
const { cores, processor, node, loadBefore, loadAfter } = machine();
console.log(`\n${sections.map(renderSection).join("\n\n")}\n`);
console.log(`${cores} cores (${processor}), Node ${node}, load ${loadBefore?.toFixed(1)} to ${loadAfter?.toFixed(1)}`);
console.log(`Written to ${save(sections)}\n`);
console.log(summary(sections));
console.log(`Took ${seconds().trim()} s${flags.quick ? " (--quick: coarse)" : ""}.`);
