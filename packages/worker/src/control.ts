import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTROL_QUEUE, DISPATCH_WORKFLOW, Dispatch, NtroClient } from "@ntro/contract";
import { NativeConnection } from "@temporalio/worker";
import { createMuxWorker, type MuxWorker } from "./host/mux";
import { PRELUDE_DIR, WORKFLOW_THREAD } from "./installation";
import type { WorkerSettings } from "./settings";

/**
 * The control workflow that schedules start: hands its nominal time to the server, which dispatches the task. Retried until the server has answered, so a
 * scheduled time is never lost; the server makes it once.
 */
const WORKFLOW = `
const { proxyActivities, workflowInfo } = require("@temporalio/workflow");
const { dispatch } = proxyActivities({ startToCloseTimeout: "30s", retry: { initialInterval: "1s", maximumInterval: "1m" } });
exports.default = async ({ workflowId }) => {
  const nominal = workflowInfo().searchAttributes.TemporalScheduledStartTime?.[0] ?? workflowInfo().startTime;
  return dispatch({ workflowId, nominalTime: nominal.toISOString() });
};
`;

/** Serves {@link CONTROL_QUEUE}; not running yet. */
export async function controlWorker(settings: WorkerSettings): Promise<MuxWorker> {
  const client = new NtroClient({ host: settings.server, apiKey: settings.key });
  const { temporal } = await client.call("worker.desired", {});
  const [code, digest] = await Promise.all([
    readFile(join(PRELUDE_DIR, "prelude.js"), "utf8"),
    readFile(join(PRELUDE_DIR, "prelude.digest"), "utf8"),
  ]);
  const revision = { type: DISPATCH_WORKFLOW, prelude: { code, digest: digest.trim() }, workflow: WORKFLOW };
  return createMuxWorker({
    connection: await NativeConnection.connect({ address: temporal.address }),
    namespace: temporal.namespace,
    taskQueue: CONTROL_QUEUE,
    threadScript: WORKFLOW_THREAD,
    loadRevision: async () => revision,
    activities: { default: async (argument) => client.call("worker.dispatch", { body: Dispatch.parse(argument) }) },
    tuning: {
      maxConcurrentActivityTaskExecutions: 10,
      maxConcurrentWorkflowTaskPolls: 2,
      maxConcurrentActivityTaskPolls: 1,
    },
  });
}
