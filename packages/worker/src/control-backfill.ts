import { BackfillActivity, type NtroClient } from "@ntro/contract";
import { Context } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";

/**
 * The control workflow of a backfill: takes the periods in their order, in as many lanes as tasks may be open at once. What is to be done about a period the
 * server decides and remembers; waiting for a task's end is an activity that is tried again until it has ended. Open executions replay this text: a
 * change of what it does needs a workflow type of its own beside this one.
 */
export const BACKFILL_TEXT = `
const { proxyActivities } = require("@temporalio/workflow");
const activities = proxyActivities({ startToCloseTimeout: "1m", retry: { initialInterval: "1s", maximumInterval: "1m" } });
exports.default = async ({ backfillId, periods, lanes }) => {
  const left = [...periods];
  const lane = async () => {
    let period = left.shift();
    while (period !== undefined) {
      const step = await activities.startPeriod({ backfillId, period });
      if (step.next === "stop") return;
      if (step.taskId !== undefined) await activities.awaitTask({ backfillId, taskId: step.taskId });
      if (step.next !== "try-again") period = left.shift();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  await activities.finish({ backfillId });
};
`;

/** The activities of {@link BACKFILL_TEXT}, by name. */
export function backfillActivities(client: NtroClient): Record<string, (argument: unknown) => Promise<unknown>> {
  return {
    startPeriod: async (argument) => {
      const { backfillId: id, period } = BackfillActivity.startPeriod.parse(argument);
      return client.call("worker.backfillPeriod", { params: { id, period } });
    },
    awaitTask: async (argument) => {
      const { backfillId: id, taskId: task } = BackfillActivity.awaitTask.parse(argument);
      // A worker that stops does not wait for the answer.
      const signal = Context.current().cancellationSignal;
      const { ended } = await client.call("worker.backfillWait", { params: { id, task }, signal });
      // Between two looks the activity's slot is free for others: a task may wait for a person for weeks.
      if (!ended)
        throw ApplicationFailure.create({
          message: "The task is open.",
          type: "TaskOpen",
          category: "BENIGN",
          nextRetryDelay: "200ms",
        });
    },
    finish: async (argument) => {
      const { backfillId: id } = BackfillActivity.finish.parse(argument);
      await client.call("worker.backfillEnd", { params: { id } });
    },
  };
}
