import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runCancel = defineCommand({
  name: "cancel",
  summary: "Cancel a task; it ends as failed, of type Cancelled",
  examples: ['ntro run cancel 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --reason "Started for the wrong month"'],
  arguments: taskArgument,
  options: { reason: { value: "text", help: "Kept with the task" } },
  async run({ client, out }, { args, options }) {
    const { formatTask } = await import("../task/task-fields");
    const api = await client();
    const body = options.reason === undefined ? {} : { reason: options.reason };
    const task = await api.call("tasks.cancel", { params: { id: args.task }, body });
    out.success(task.status === "FAILED" ? "The task is cancelled." : "The task is asked to stop.");
    out.data(task, () => formatTask(task, out));
    return 0;
  },
});
