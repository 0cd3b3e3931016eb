import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from "@temporalio/worker";
import { startTemporal } from "../../packages/cli/src/embedded/temporal";

/** A real Temporal of a test's own, on its own SQLite file. */
export interface TestTemporal {
  /** `host:port`. */
  readonly address: string;
  /** Process id of the server, for tests that kill it. */
  readonly pid: number;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts a Temporal with empty data on a free port of 127.0.0.1; one for a test file. */
export async function startTestTemporal(): Promise<TestTemporal> {
  const home = await mkdtemp(join(tmpdir(), "ntro-test-"));
  const temporal = await startTemporal({ home, log: () => {} });
  return {
    address: temporal.address,
    pid: temporal.pid,
    stop: async () => {
      await temporal.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A worker that runs any workflow type of a queue as `scripted-workflow.ts` says. */
export interface ScriptedWorker {
  stop(): Promise<void>;
}

let bundle: Promise<WorkflowBundle> | undefined;

/** Serves a task queue with the scripted workflow, until stopped. */
export async function startScriptedWorker(address: string, taskQueue: string): Promise<ScriptedWorker> {
  bundle ??= makeBundle();
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: await bundle,
    stickyQueueScheduleToStartTimeout: "1s",
  });
  const running = worker.run();
  return {
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

let quiet: DefaultLogger | undefined;

/** Has workers of this process say nothing: those of tests fail on purpose, and what they say of it is noise. */
export function quietWorkers(): DefaultLogger {
  if (!quiet) {
    quiet = new DefaultLogger("ERROR", () => {});
    Runtime.install({ logger: quiet });
  }
  return quiet;
}

function makeBundle(): Promise<WorkflowBundle> {
  const logger = quietWorkers();
  return bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL("./scripted-workflow.ts", import.meta.url)),
    logger,
  });
}
