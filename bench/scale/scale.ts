import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, quantile } from "../quantiles";
import type { Row, Section } from "../result";
import { deployToReady, desired, dispatches, memory, roundCost, type ScaleSize } from "./measure";
import { addRevisions, deployToUse } from "./revisions";
import { TenantsPlatform } from "./tenants-platform";
import { measureWake } from "./wake";

const TYPICAL = join(import.meta.dirname, "../runbooks/typical");
const CALLS = 30;

type Side = "few" | "many";
const SIDES: readonly Side[] = ["few", "many"];

/** What was measured of one platform. */
interface Measured {
  readonly serverStart: number[];
  readonly desired: number[];
  bytes: number;
  round: Record<string, number>;
  readonly deploys: number[];
  readonly alone: number[];
  readonly together: number[];
  memory: { server: number; worker: number; hosts: number };
}

/**
 * Thousands of revisions beside next to none: two platforms at a time, with the same tenants in use. One has only these, with one revision each, the other has all the tenants and
 * revisions of `size`.
 */
export async function measureScale(size: ScaleSize, progress: (line: string) => void): Promise<Section[]> {
  progress("starting two platforms");
  const platforms = { few: await TenantsPlatform.start(), many: await TenantsPlatform.start() };
  const stop = () => Promise.all(SIDES.map((side) => platforms[side].stop()));
  const interrupted = () => void stop().finally(() => process.exit(130));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  try {
    progress(`${size.inUse} and ${size.tenants} tenants`);
    await Promise.all([platforms.few.addTenants(size.inUse), platforms.many.addTenants(size.tenants)]);
    const workflows = {
      few: await deployToUse(platforms.few, size.inUse),
      many: await deployToUse(platforms.many, size.inUse),
    };
    progress(`${size.tenants * size.slugs * size.versions} revisions`);
    await addRevisions(platforms.many, size);
    await Promise.all(SIDES.map((side) => platforms[side].db.deleteFrom("idempotency").execute()));
    progress("measuring");
    const scale = report(size, await byTurns(platforms, workflows, size, progress));
    progress("waking a tenant");
    return [scale, await measureWake(platforms.few, size.wakes)];
  } finally {
    progress("stopping");
    await stop();
  }
}

async function byTurns(
  platforms: Record<Side, TenantsPlatform>,
  workflows: Record<Side, readonly string[]>,
  size: ScaleSize,
  progress: (line: string) => void,
): Promise<Record<Side, Measured>> {
  const none = (): Measured => ({
    ...{ serverStart: [], desired: [], bytes: 0, round: {}, deploys: [], alone: [], together: [] },
    memory: { server: Number.NaN, worker: Number.NaN, hosts: Number.NaN },
  });
  const found: Record<Side, Measured> = { few: none(), many: none() };
  const each = async (what: string, work: (side: Side) => Promise<void>, times = 1) => {
    progress(what);
    for (let round = 0; round < times; round += 1)
      for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) await work(side);
  };
  // Hosts of all tenants in use run from here on.
  await each(
    "first runs",
    async (side) => void (await dispatches(platforms[side], workflows[side], { runs: 1, atOnce: false })),
  );
  await each(
    "server starts",
    async (side) => void found[side].serverStart.push(await platforms[side].startServer()),
    size.serverStarts,
  );
  await each(
    "what should run",
    async (side) => {
      const { ms, bytes } = await desired(platforms[side]);
      found[side].desired.push(ms);
      found[side].bytes = bytes;
    },
    CALLS,
  );
  await each("rounds of the worker", async (side) => {
    found[side].round = await roundCost(platforms[side], size.nudges);
  });
  await each(
    "tasks of one tenant at a time",
    async (side) => {
      found[side].alone.push(...(await dispatches(platforms[side], workflows[side], { runs: 1, atOnce: false })));
    },
    size.runs,
  );
  await each(
    "tasks of all tenants at once",
    async (side) => {
      found[side].together.push(
        ...(await dispatches(platforms[side], workflows[side], { runs: size.runs, atOnce: true })),
      );
    },
    2,
  );
  await deploys(platforms, found, size.deploys, progress);
  await each("memory", async (side) => {
    found[side].memory = await memory(platforms[side]);
  });
  return found;
}

async function deploys(
  platforms: Record<Side, TenantsPlatform>,
  found: Record<Side, Measured>,
  count: number,
  progress: (line: string) => void,
): Promise<void> {
  progress("deploys");
  const folder = await mkdtemp(join(tmpdir(), "ntro-scale-"));
  try {
    for (let round = 0; round <= count; round += 1) {
      await cp(TYPICAL, folder, { recursive: true, force: true });
      const about = join(folder, "runbook.md");
      await writeFile(about, (await readFile(about, "utf8")).replace(/^version: .*$/m, `version: 1.0.${round}`));
      for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
        const took = await deployToReady(platforms[side], folder);
        // The first one installs and warms up.
        if (round > 0) found[side].deploys.push(took);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Flat: what the many may cost more than the few, which is what a busy machine makes of two equal runs. */
const FLAT: NonNullable<Row["aim"]> = { kind: "at most", value: 1.3 };

function report(size: ScaleSize, { few, many }: Record<Side, Measured>): Section {
  const revisions = size.tenants * size.slugs * size.versions;
  const ms = (what: string, pick: (of: Measured) => number, aim: Row["aim"] = FLAT): Row => ({
    what,
    measured: pick(many),
    unit: "ms",
    against: { what: "with next to none", measured: pick(few) },
    aim,
  });
  const mib = (what: string, pick: (of: Measured) => number, aim?: Row["aim"]): Row => ({
    ...ms(what, pick, aim),
    unit: "MiB",
  });
  const held = ({ memory: { server, worker } }: Measured) => server + worker;
  return {
    title: `${revisions} revisions over ${size.tenants} tenants, ${size.inUse} in use, beside the same ${size.inUse} with one revision each`,
    rows: [
      ms("server started to listening", ({ serverStart }) => median(serverStart)),
      ms("asking what should run, p50", (of) => median(of.desired)),
      ms("a round of the worker, processor of server, worker and Postgres", ({ round }) =>
        Object.values(round).reduce((sum, part) => sum + part, 0),
      ),
      ms("deploy to ready, p50", (of) => median(of.deploys)),
      ms("dispatch to first activity, one at a time, p50", ({ alone }) => median(alone)),
      ms("the same, p95", ({ alone }) => quantile(alone, 0.95), undefined),
      ms(`dispatch to first activity, ${size.inUse} tenants at once, p50`, ({ together }) => median(together)),
      ms("the same, p95", ({ together }) => quantile(together, 0.95), undefined),
      mib("server", ({ memory }) => memory.server, FLAT),
      mib("worker", ({ memory }) => memory.worker, FLAT),
      mib("a host", ({ memory }) => memory.hosts, FLAT),
      {
        what: "one more idle revision, server and worker",
        measured: Math.max(0, (held(many) - held(few)) / revisions),
        unit: "MiB",
        aim: { kind: "at most", value: 0.002 },
      },
    ],
    notes: [
      `what a worker is told: ${(many.bytes / 1024).toFixed(0)} KiB, with next to none ${(few.bytes / 1024).toFixed(0)} KiB`,
      `processor ms a round: ${parts(many.round)}; with next to none ${parts(few.round)}`,
      `${many.alone.length} tasks one at a time, ${many.together.length} at once; ${size.deploys} deploys and ${size.serverStarts} server starts, by turns`,
    ],
  };
}

function parts(round: Readonly<Record<string, number>>): string {
  return Object.entries(round)
    .map(([name, used]) => `${name} ${used.toFixed(1)}`)
    .join(", ");
}
