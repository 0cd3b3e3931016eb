import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runNext = defineCommand({
  name: "next",
  summary: "Show what a task waits for, with the table to review",
  examples: ["ntro run next 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d"],
  arguments: taskArgument,
  async run({ client, out, terminal }, { args }) {
    const { formatNextStep } = await import("../task/next-step");
    const api = await client();
    const next = await api.call("tasks.nextStep", { params: { id: args.task } });
    out.data(next, () => formatNextStep(next, args.task, out.colour, terminal.stdout.columns ?? 120));
    return 0;
  },
});
