import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runApprove = defineCommand({
  name: "approve",
  summary: "Approve what a task asks to be reviewed, with corrections if need be",
  examples: [
    "ntro run approve 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d",
    "ntro run approve 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --correct 3=debit=1250.00 --correct 4=credit=1250.00",
  ],
  notes: "`ntro run next <task>` shows the table with its line numbers and which columns may be corrected.",
  arguments: taskArgument,
  options: {
    correct: { value: "line=field=value", repeat: true, help: "Change a cell; may be repeated" },
    reason: { value: "text", help: "Kept with the decision" },
    gate: { value: "token", help: "Which decision, where the task waits for several" },
  },
  async run(context, { args, options }) {
    const { decide } = await import("../task/decide");
    return decide(context, args.task, { ...options, decision: "approve" });
  },
});
