import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BACKFILL_WORKFLOW, CONTROL_QUEUE, DISPATCH_WORKFLOW, Dispatch, NtroClient } from "@ntro/contract";
import { Context } from "@temporalio/activity";
import { NativeConnection } from "@temporalio/worker";
import { BACKFILL_TEXT, backfillActivities } from "./control-backfill";
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
exports.default = async ({ workflowId, schedule, timezone }) => {
  const nominal = workflowInfo().searchAttributes.TemporalScheduledStartTime?.[0] ?? workflowInfo().startTime;
  return dispatch({ workflowId, nominalTime: nominal.toISOString(), schedule, timezone });
};
`;

/** Where the parts of the installation lie that the control worker runs on. */
export interface ControlParts {
  /** Folder with `prelude.js` and `prelude.digest`. */
  readonly prelude: string;
  readonly thread: string;
}

/** Serves {@link CONTROL_QUEUE}; not running yet. */
export async function controlWorker(
  settings: Pick<WorkerSettings, "server" | "key">,
  parts: ControlParts = { prelude: PRELUDE_DIR, thread: WORKFLOW_THREAD },
): Promise<MuxWorker> {
  const client = new NtroClient({ host: settings.server, apiKey: settings.key });
  const { temporal } = await client.call("worker.desired", {});
  const [code, digest] = await Promise.all([
    readFile(join(parts.prelude, "prelude.js"), "utf8"),
    readFile(join(parts.prelude, "prelude.digest"), "utf8"),
  ]);
  const prelude = { code, digest: digest.trim() };
  const workflows: Record<string, string> = { [DISPATCH_WORKFLOW]: WORKFLOW, [BACKFILL_WORKFLOW]: BACKFILL_TEXT };
  const activities: Record<string, (argument: unknown) => Promise<unknown>> = {
    dispatch: async (argument) => client.call("worker.dispatch", { body: Dispatch.parse(argument) }),
    ...backfillActivities(client),
  };
  return createMuxWorker({
    connection: await NativeConnection.connect({ address: temporal.address }),
    namespace: temporal.namespace,
    taskQueue: CONTROL_QUEUE,
    threadScript: parts.thread,
    loadRevision: async (type) => ({ type, prelude, workflow: named(workflows, type) }),
    activities: {
      default: async (argument) => named(activities, Context.current().info.activityType)(argument),
    },
    tuning: {
      // Most of them only wait for the server.
      maxConcurrentActivityTaskExecutions: 100,
      maxConcurrentWorkflowTaskPolls: 2,
      maxConcurrentActivityTaskPolls: 1,
    },
  });
}

/** What has a name; a name that an older or newer ntro uses fails the attempt, which is made again. */
function named<T>(all: Readonly<Record<string, T>>, name: string): T {
  const found = all[name];
  if (found === undefined) throw new Error(`This worker knows no ${name}.`);
  return found;
}
