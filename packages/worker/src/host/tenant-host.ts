import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type HostRepair, NtroClient, StateReport, type WantedReplay } from "@ntro/contract";
import { NativeConnection } from "@temporalio/worker";
import { Pool } from "pg";
import type { Logger } from "pino";
import type { HostSettings } from "../host-messages";
import { WORKFLOW_THREAD } from "../installation";
import { database } from "./capabilities/database";
import { documents } from "./capabilities/documents";
import { storage } from "./capabilities/storage";
import { CodeHealth, codeFailing, codeRecovered } from "./code-health";
import { createMuxWorker, type MuxWorker } from "./mux";
import { Preludes } from "./preludes";
import { type PreparedDeployment, prepare } from "./prepare";
import { Repairs } from "./repairs";
import { Replays } from "./replays";
import { Reporter } from "./reporter";
import { Revisions } from "./revisions";
import { activityRunner } from "./run-activity";

/** How long a host waits for what is under way when it drains. */
const DRAIN = "30s";
/** How long a task waits for the host that has it cached; a host that died costs it this much. 10 s by default. */
const STICKY = "2s";

/** Runs one tenant's TypeScript bundles: one Temporal worker, every revision by its workflow type. */
export interface TenantHost {
  prepare(deployment: PreparedDeployment): Promise<void>;
  /** Takes all repairs in force, in place of those it was told before. */
  takeRepairs(repairs: readonly HostRepair[]): void;
  /** Tries a history on the code of a revision and reports it; those asked for at the same time one after the other. Never rejects. */
  replay(wanted: WantedReplay): Promise<void>;
  activitiesUnderWay(): number;
  /** Takes no new work, lets what is under way end, then resolves. */
  drain(): Promise<void>;
  /** Rejects when the worker failed. */
  readonly finished: Promise<void>;
}

/** @throws when Temporal or the tenant's folders cannot be reached */
export async function startTenantHost(settings: HostSettings, log: Logger): Promise<TenantHost> {
  const client = new NtroClient({ host: settings.server, apiKey: settings.key });
  const pool = new Pool({ connectionString: settings.databaseUrl, max: 4, idleTimeoutMillis: 30_000 });
  pool.on("error", (error) => log.warn({ error: error.message }, "an idle database connection ended"));
  await mkdir(settings.storage, { recursive: true });
  const preludes = new Preludes(client, join(settings.workflows, ".preludes"));
  const revisions = new Revisions(settings, client, preludes);
  const repairs = new Repairs(settings.repairs);
  const reporter = new Reporter(client, (error) =>
    log.warn({ error: String(error) }, "the server did not take a report; trying again"),
  );
  const connection = await NativeConnection.connect({ address: settings.temporal.address });
  const worker = await muxWorker(settings, {
    connection,
    revisions,
    repairs,
    reporter,
    pool,
    warm: await preludes.current(),
    log,
  });
  const { namespace } = settings.temporal;
  const replays = new Replays({ connection, namespace, revisions, client, log });
  const finished = runToEnd(worker, { reporter, pool, connection });
  return {
    prepare: (deployment) => prepare({ settings, client, preludes, revisions, pool }, deployment),
    takeRepairs: (all) => repairs.replace(all),
    replay: (wanted) => replays.run(wanted),
    activitiesUnderWay: () => worker.activitiesUnderWay(),
    drain: () => {
      if (worker.state() === "RUNNING") worker.shutdown();
      return finished;
    },
    finished,
  };
}

/** Runs the worker until it is drained or fails, then lets go of what it used. */
async function runToEnd(
  worker: MuxWorker,
  { reporter, pool, connection }: Pick<Parts, "reporter" | "pool" | "connection">,
): Promise<void> {
  try {
    await worker.run();
  } finally {
    await reporter.close();
    await pool.end();
    await connection.close();
  }
}

interface Parts {
  readonly connection: NativeConnection;
  readonly revisions: Revisions;
  readonly repairs: Repairs;
  readonly reporter: Reporter;
  readonly pool: Pool;
  readonly warm: Awaited<ReturnType<Preludes["current"]>>;
  readonly log: Logger;
}

function muxWorker(
  settings: HostSettings,
  { connection, revisions, repairs, reporter, pool, warm, log }: Parts,
): Promise<MuxWorker> {
  const capabilities = { db: database(pool), documents: documents(pool), storage: storage(settings.storage) };
  const run = activityRunner(revisions, repairs, capabilities);
  const health = new CodeHealth();
  return createMuxWorker({
    connection,
    namespace: settings.temporal.namespace,
    taskQueue: settings.queue,
    warmPrelude: warm,
    threadScript: WORKFLOW_THREAD,
    loadRevision: async (type) => (await revisions.load(type)).revision,
    typeToRun: (workflowId, ownType) => repairs.typeOf(workflowId, ownType),
    onRepaired: (workflowId, repaired) => repairs.meet(workflowId, repaired),
    activities: { default: (...args) => run(args[0], args[1]) },
    sinks: {
      ntro: {
        report: {
          fn: (_, report: unknown) => reporter.report(StateReport.parse(report)),
          callDuringReplay: false,
        },
      },
    },
    onActivationFailed: (info, failure) => {
      health.failed(info);
      void codeFailing(info, failure, revisions).then((report) => reporter.report(report));
      log.warn({ ...info, failure: failure.message }, "workflow code failing");
    },
    onActivationSucceeded: (info) => {
      if (health.worksAgain(info)) reporter.report(codeRecovered(info));
    },
    tuning: {
      shutdownGraceTime: DRAIN,
      stickyQueueScheduleToStartTimeout: STICKY,
      maxConcurrentActivityTaskExecutions: 50,
      maxConcurrentLocalActivityExecutions: 50,
    },
  });
}
