import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildActivities, buildWorkflow } from "@ntro/bundle/typescript";
import { StateReport, workflowType } from "@ntro/contract";
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from "@temporalio/worker";
import { build } from "esbuild";
import { activitiesStub, loadActivities } from "../../packages/worker/src/host/activity-module";
import type { Capabilities } from "../../packages/worker/src/host/capabilities";
import { CodeHealth, codeFailing, codeRecovered } from "../../packages/worker/src/host/code-health";
import { BUILT, writeBuilt } from "../../packages/worker/src/host/compile";
import { buildPrelude, createMuxWorker, type Prelude } from "../../packages/worker/src/host/mux";
import { buildThreadScript } from "../../packages/worker/src/host/mux/testing/thread-script";
import { Repairs } from "../../packages/worker/src/host/repairs";
import type { LoadedRevision } from "../../packages/worker/src/host/revisions";
import { activityRunner } from "../../packages/worker/src/host/run-activity";
import { ZOD_DIR } from "../../packages/worker/src/installation";
import { FIXTURES, type Fixture, type HostUnderTest, type StartedHost } from "./host-under-test";

/** Bundles built as a host builds them, in a folder of their own. */
export interface BuiltBundles {
  readonly prelude: Prelude;
  readonly threadScript: string;
  /** Builds and loads the bundle in a folder. */
  load(slug: string, dir: string): Promise<LoadedRevision>;
  remove(): Promise<void>;
}

/** Builds the SDK, the prelude and the thread script from the sources. */
export async function prepareBuilds(): Promise<BuiltBundles> {
  // Inside node_modules, so that built activities find `@temporalio/*`.
  const cache = join(process.cwd(), "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "ntro-conformance-"));
  const sdkDir = join(folder, "sdk");
  const [prelude, script] = await Promise.all([buildPrelude(), buildThreadScript(), buildSdk(sdkDir)]);
  return {
    prelude,
    threadScript: script.path,
    load: (slug, dir) => load(slug, dir, { sdkDir, prelude, built: join(folder, slug) }),
    remove: async () => {
      await script.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function buildSdk(sdkDir: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL("../../packages/runbook/src/index.ts", import.meta.url))],
    outfile: join(sdkDir, "index.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    external: ["zod"],
    logLevel: "silent",
  });
}

async function load(
  slug: string,
  dir: string,
  { sdkDir, prelude, built }: { sdkDir: string; prelude: Prelude; built: string },
): Promise<LoadedRevision> {
  const activities = await buildActivities({ dir, sdkDir, zodDir: ZOD_DIR });
  if (activities.status === "faulty") throw new Error(JSON.stringify(activities.faults));
  await mkdir(join(built, ".build"), { recursive: true });
  await writeBuilt(built, { activities: activities.code, activitiesMap: activities.sourceMap });
  const loaded = loadActivities(join(built, BUILT.activities));
  const workflow = await buildWorkflow({ dir, activitiesStub: activitiesStub(loaded) });
  if (workflow.status === "faulty") throw new Error(JSON.stringify(workflow.faults));
  const key = { slug, version: "1.0.0", digest: "0".repeat(64) };
  const type = workflowType(key);
  return {
    key,
    dir,
    revision: { type, prelude, workflow: workflow.code, sourceMap: workflow.sourceMap },
    activities: loaded,
  };
}

/** Runs loaded revisions as a tenant's host does. */
export async function serveRevisions(options: {
  connection: NativeConnection;
  queue: string;
  builds: Pick<BuiltBundles, "prelude" | "threadScript">;
  revisions: ReadonlyMap<string, LoadedRevision>;
  capabilities: Capabilities;
  report: (report: StateReport) => void;
}) {
  const { connection, queue, builds, capabilities, report } = options;
  const revisions = {
    load: async (type: string) => {
      const found = options.revisions.get(type);
      if (!found) throw new Error(`No revision ${type}.`);
      return found;
    },
  };
  const run = activityRunner(revisions, new Repairs([]), capabilities);
  const health = new CodeHealth();
  const worker = await createMuxWorker({
    connection,
    namespace: "default",
    taskQueue: queue,
    threadScript: builds.threadScript,
    warmPrelude: builds.prelude,
    loadRevision: async (type) => (await revisions.load(type)).revision,
    activities: { default: (...args) => run(args[0], args[1]) },
    sinks: {
      ntro: {
        report: { fn: (_: unknown, given: unknown) => report(StateReport.parse(given)), callDuringReplay: false },
      },
    },
    onActivationFailed: (info, failure) => {
      health.failed(info);
      void codeFailing(info, failure, revisions).then(report);
    },
    onActivationSucceeded: (info) => {
      if (health.worksAgain(info)) report(codeRecovered(info));
    },
  });
  const done = worker.run();
  return {
    worker,
    stop: async () => {
      worker.shutdown();
      await done;
    },
  };
}

const refuse = (): never => {
  throw new Error("The fixtures touch no database, documents or storage.");
};
const NONE: Capabilities = {
  db: { query: refuse, transaction: refuse },
  documents: { bytes: refuse, text: refuse, rows: refuse },
  storage: { write: refuse, read: refuse, writeWorkbook: refuse },
};

/** Workers of tests fail on purpose; what they say of it is noise. */
export function quietTemporal(): void {
  const filter = makeTelemetryFilterString({ core: "ERROR", other: "ERROR" });
  const logger = new DefaultLogger("ERROR", () => undefined);
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
}

/** The TypeScript host with the fixtures, without a server. */
export const typescriptHost: HostUnderTest = { language: "typescript", lacks: new Set(), start };

async function start(address: string): Promise<StartedHost> {
  quietTemporal();
  const [builds, connection] = await Promise.all([prepareBuilds(), NativeConnection.connect({ address })]);
  const dirOf = (slug: string) => fileURLToPath(new URL(`../fixtures/typescript/${slug}`, import.meta.url));
  const loaded = await Promise.all(FIXTURES.map((slug) => builds.load(slug, dirOf(slug))));
  const revisions = new Map(loaded.map((revision) => [revision.revision.type, revision]));
  const types = Object.fromEntries(loaded.map(({ key, revision }) => [key.slug, revision.type]));
  return {
    types: types as Record<Fixture, string>,
    serve: (queue, report) => serveRevisions({ connection, queue, builds, revisions, capabilities: NONE, report }),
    stop: async () => {
      await connection.close();
      await builds.remove();
    },
  };
}
