import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, Connection } from "@temporalio/client";
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from "@temporalio/worker";
import { startTestTemporal } from "../../../../../../test/support/temporal";
import { buildPrelude } from "../build-prelude";
import { createMuxWorker, type MuxWorker, type MuxWorkerOptions } from "../mux-worker";
import type { ActivationFailure, ExecutionInfo, Prelude, Revision } from "../revision";
import { buildThreadScript } from "./thread-script";

/** Everything the tests of the multiplexer share: server, client, prelude, thread script. */
export interface MuxFixture {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly prelude: Prelude;
  readonly threadScript: string;
  stop(): Promise<void>;
}

/** A worker that is running, with what it reported. */
export interface RunningWorker {
  readonly mux: MuxWorker;
  readonly taskQueue: string;
  readonly failures: { info: ExecutionInfo; failure: ActivationFailure }[];
  readonly successes: ExecutionInfo[];
  /** Resolves with the first failure report that fits. */
  failureOf(workflowId: string): Promise<ActivationFailure>;
  stop(): Promise<void>;
}

/** A workflow that waits for the signal `go`, answers the query `state`, and returns its argument. */
export const WAIT_FOR_GO = `
const { condition, defineSignal, defineQuery, setHandler } = require("@temporalio/workflow");
let go = false;
exports.default = async (answer) => {
  setHandler(defineSignal("go"), () => { go = true; });
  setHandler(defineQuery("state"), () => (go ? "gone" : "waiting"));
  await condition(() => go);
  return answer;
};`;

/** Starts the server and builds the prelude and the thread script. */
export async function startFixture(): Promise<MuxFixture> {
  const filter = makeTelemetryFilterString({ core: "ERROR", other: "ERROR" });
  const logger = new DefaultLogger("ERROR", () => undefined);
  Runtime.install({ logger, telemetryOptions: { logging: { filter, forward: {} } } });
  const sdkDir = join(dirname(fileURLToPath(import.meta.url)), "sdk");
  const [server, prelude, script] = await Promise.all([
    startTestTemporal(),
    buildPrelude({ sdkDir }),
    buildThreadScript(),
  ]);
  const connection = await NativeConnection.connect({ address: server.address });
  const clientConnection = await Connection.connect({ address: server.address });
  return {
    client: new Client({ connection: clientConnection }),
    connection,
    prelude,
    threadScript: script.path,
    stop: async () => {
      await clientConnection.close();
      await connection.close();
      await server.stop();
      await script.remove();
    },
  };
}

/** A source of revisions that tests fill and change. */
export class Catalogue {
  private readonly revisions = new Map<string, Revision>();

  /** @param prelude of all revisions added */
  constructor(private readonly prelude: Prelude) {}

  /** Adds or replaces a revision. */
  put(type: string, workflow: string): this {
    this.revisions.set(type, { type, workflow, prelude: this.prelude });
    return this;
  }

  /** The `loadRevision` of a worker. */
  readonly load = async (type: string): Promise<Revision> => {
    const revision = this.revisions.get(type);
    if (revision === undefined) throw new Error(`No revision ${type}.`);
    return revision;
  };
}

/** Creates a worker on a queue and runs it. */
export async function runWorker(
  fixture: MuxFixture,
  catalogue: Pick<Catalogue, "load">,
  options: Partial<MuxWorkerOptions> = {},
): Promise<RunningWorker> {
  const failures: RunningWorker["failures"] = [];
  const successes: ExecutionInfo[] = [];
  const waiting = new Map<string, (failure: ActivationFailure) => void>();
  const taskQueue = options.taskQueue ?? `mux-${crypto.randomUUID()}`;
  const mux = await createMuxWorker({
    connection: fixture.connection,
    namespace: "default",
    activities: { default: async (...args) => args[0] },
    threadScript: fixture.threadScript,
    loadRevision: catalogue.load,
    onActivationFailed: (info, failure) => {
      failures.push({ info, failure });
      waiting.get(info.workflowId)?.(failure);
    },
    onActivationSucceeded: (info) => successes.push(info),
    ...options,
    taskQueue,
  });
  const done = mux.run();
  return {
    mux,
    taskQueue,
    failures,
    successes,
    failureOf: (workflowId) => {
      const known = failures.find(({ info }) => info.workflowId === workflowId);
      if (known !== undefined) return Promise.resolve(known.failure);
      return new Promise((resolve) => waiting.set(workflowId, resolve));
    },
    stop: async () => {
      mux.shutdown();
      await done;
    },
  };
}
