import { defineCommand } from "../command";
import { UsageError } from "../usage-error";
import { taskArgument } from "./task-argument";
import { WATCH_NOTES, watchOptions } from "./watch-options";

export const runStatus = defineCommand({
  name: "status",
  summary: "Show a task; with --wait, watch it to its end",
  examples: [
    "ntro run status 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d",
    "ntro run status 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --wait --timeout 10m",
  ],
  notes: WATCH_NOTES,
  arguments: taskArgument,
  options: watchOptions,
  async run(context, { args, options }) {
    if (!options.wait && (options.timeout !== undefined || options.noWaitHuman))
      throw new UsageError("--timeout and --no-wait-human need --wait.", "Add --wait.");
    const { deadlineOf, watchTask } = await import("../task/watch-task");
    const { formatTask } = await import("../task/task-fields");
    const deadline = deadlineOf(options);
    const api = await context.client();
    if (options.wait) return watchTask(context, api, args.task, options, deadline);
    const task = await api.call("tasks.get", { params: { id: args.task } });
    context.out.data(task, () => formatTask(task, context.out));
    return 0;
  },
});
