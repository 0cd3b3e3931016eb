import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runReject = defineCommand({
  name: "reject",
  summary: "Reject what a task asks to be reviewed",
  examples: ['ntro run reject 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --reason "Rent roll is of February"'],
  arguments: taskArgument,
  options: {
    reason: { value: "text", help: "Why; kept with the decision, and needed where the runbook says so" },
    gate: { value: "token", help: "Which decision, where the task waits for several" },
  },
  async run(context, { args, options }) {
    const { decide } = await import("../task/decide");
    return decide(context, args.task, { ...options, correct: [], decision: "reject" });
  },
});
