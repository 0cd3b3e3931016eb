import { randomUUID } from "node:crypto";
import { type Lock, MEMO } from "@ntro/contract";
import { Client, Connection } from "@temporalio/client";
import { Endings } from "../support/endings";
import { startTestTemporal } from "../support/temporal";
import { FIXTURES, type Fixture, type HostUnderTest, type ServingHost, type StartedHost } from "./host-under-test";
import { Reports } from "./reports";
import { IDENTITY, Task } from "./task";

/** A Temporal with a host under test on it, for one suite. */
export interface Trial {
  readonly client: Client;
  readonly host: StartedHost;
  readonly reports: Reports;
  /** Starts a task of a fixture as the server would; on the suite's own queue unless another is given. */
  start(fixture: Fixture, input?: Record<string, unknown>, queue?: string): Promise<Task>;
  /** Serves a queue of its own, for cases that stop their host. */
  serve(queue: string): Promise<ServingHost>;
  stop(): Promise<void>;
}

/** Starts a task as the server would. `place` is its own revision, `lock` those of its children. */
export async function startTask(start: {
  client: Client;
  reports: Reports;
  place: { type: string; queue: string };
  lock: Lock;
  input?: Record<string, unknown>;
}): Promise<Task> {
  const id = randomUUID();
  const handle = await start.client.workflow.start(start.place.type, {
    workflowId: id,
    taskQueue: start.place.queue,
    args: [{ ...start.input, config: { currency: "GBP" }, stray: "ignored", task_id: id, ...IDENTITY }],
    memo: { [MEMO.lock]: start.lock, [MEMO.tenant]: IDENTITY.tenant_slug },
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
  });
  return new Task(handle, start.reports);
}

/** How long a workflow task may take, as the server sets it. */
const WORKFLOW_TASK_TIMEOUT = "5s";

/** Starts all of it; one for a test file. Where something does not start, what did is stopped again. */
export async function startTrial(underTest: HostUnderTest): Promise<Trial> {
  const endings = new Endings();
  try {
    return { ...(await startOn(underTest, endings)), stop: () => endings.all() };
  } catch (error) {
    await endings.all();
    throw error;
  }
}

/** Everything of a trial but its end; what that takes is added to `endings`. */
async function startOn(underTest: HostUnderTest, endings: Endings): Promise<Omit<Trial, "stop">> {
  const temporal = await startTestTemporal();
  endings.add(temporal.stop);
  const connection = await Connection.connect({ address: temporal.address });
  endings.add(() => connection.close());
  const host = await underTest.start(temporal.address);
  endings.add(host.stop);
  const client = new Client({ connection });
  const reports = new Reports();
  const serving = new Set<ServingHost>();
  endings.add(async () => {
    await Promise.all([...serving].map((started) => started.stop()));
  });
  const serve = async (on: string): Promise<ServingHost> => {
    const started = await host.serve(on, reports.take);
    const stop = async () => {
      if (serving.delete(started)) await started.stop();
    };
    serving.add(started);
    return { stop };
  };
  const queue = `conformance-${randomUUID()}`;
  await serve(queue);
  return {
    client,
    host,
    reports,
    serve,
    start: async (fixture, input = {}, on = queue) => {
      const lock = Object.fromEntries(FIXTURES.map((slug) => [slug, { type: host.types[slug], queue: on }]));
      return startTask({ client, reports, place: { type: host.types[fixture], queue: on }, lock, input });
    },
  };
}
