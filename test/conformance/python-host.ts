import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packFiles, readBundle } from "@ntro/bundle";
import {
  BASE_ENVIRONMENT,
  type DeploymentReport,
  type RevisionContent,
  type StateReport,
  workflowType,
} from "@ntro/contract";
import type { RevisionKey } from "../../packages/worker/src/host-messages";
import { FIXTURES, type Fixture, type HostUnderTest, type ServingHost, type StartedHost } from "./host-under-test";
import { PythonProcess } from "./python-process";
import { IDENTITY } from "./task";
import { WorkerRoutes } from "./worker-routes";

/** A bundle as the server has it. */
export interface PythonRevision {
  readonly key: RevisionKey;
  readonly type: string;
  readonly content: RevisionContent;
}

/** A Python host that polls a queue. */
export interface ServingPython extends ServingHost {
  /** Has a revision made ready, as a deployment does; gives everything the host told of it. */
  prepare(revision: PythonRevision): Promise<readonly DeploymentReport[]>;
}

/** The means to start Python hosts that know these revisions. */
export interface PythonHosts {
  /** One process with one queue. */
  serve(queue: string, report: (report: StateReport) => void): Promise<ServingPython>;
  stop(): Promise<void>;
}

/** The revision of a folder. @throws with its faults when it is no bundle */
export async function pythonRevision(slug: string): Promise<PythonRevision> {
  const read = await readBundle(fileURLToPath(new URL(`../fixtures/python/${slug}`, import.meta.url)));
  if (read.status === "faulty") throw new Error(JSON.stringify(read.faults));
  return revisionOf(slug, read.bundle.manifest.version, read.bundle.files);
}

/** The revision that these files make. */
export function revisionOf(slug: string, version: string, files: ReadonlyMap<string, string>): PythonRevision {
  const { archive, digest } = packFiles(files);
  const key = { slug, version, digest };
  return { key, type: workflowType(key), content: { ...key, language: "python", archive, build: null } };
}

/** Stands for the server before any number of host processes. */
export async function pythonHosts(address: string, revisions: readonly PythonRevision[]): Promise<PythonHosts> {
  const routes = await new WorkerRoutes(new Map(revisions.map(({ type, content }) => [type, content]))).start();
  const folder = await mkdtemp(join(tmpdir(), "ntro-python-host-"));
  return {
    serve: async (queue, report) => {
      const key = randomUUID();
      routes.listen(key, report);
      const host = await PythonProcess.start({
        tenant: { id: IDENTITY.tenant_id, slug: IDENTITY.tenant_slug },
        server: routes.url,
        key,
        databaseUrl: "postgres://nobody@127.0.0.1:1/none",
        temporal: { address, namespace: "default" },
        queue,
        workflows: join(folder, "workflows"),
        storage: join(folder, "storage"),
        repairs: [],
        python: { environment: BASE_ENVIRONMENT, site: null, authorKey: randomUUID(), variables: {} },
      });
      return {
        prepare: async (revision) => {
          const id = randomUUID();
          await host.prepare(id, revision.key);
          return routes.deployment(id);
        },
        stop: () => host.stop(),
      };
    },
    stop: async () => {
      await routes.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The Python host with the fixtures, in processes of its own. */
export const pythonHost: HostUnderTest = {
  language: "python",
  lacks: new Set([
    "rowSchemas",
    "approvalRules",
    "restoredRows",
    "outputSchemas",
    "checksAgain",
    "askOnFailure",
    "shortActivities",
    "awaitedWork",
    "signalsByGate",
  ]),
  start,
};

async function start(address: string): Promise<StartedHost> {
  const revisions = await Promise.all(FIXTURES.map((slug) => pythonRevision(slug)));
  const hosts = await pythonHosts(address, revisions);
  const types = Object.fromEntries(revisions.map(({ key, type }) => [key.slug, type]));
  return { types: types as Record<Fixture, string>, serve: hosts.serve, stop: hosts.stop };
}
