import { defineCommand } from "../command";
import { taskArgument } from "./task-argument";

export const runSubmit = defineCommand({
  name: "submit",
  summary: "Submit the files a task waits for",
  examples: [
    "ntro run submit 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --file ./tb.xlsx",
    "ntro run submit 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d --file trial-balance=./tb.xlsx --file rent-roll=./rent-roll.pdf",
  ],
  notes: "`ntro run next <task>` shows which files it waits for, of which types.",
  arguments: taskArgument,
  options: {
    file: {
      value: "[source=]path",
      required: true,
      repeat: true,
      help: "A file; may be repeated, each with its source",
    },
    source: { value: "name", help: "What the file is, where the task waits for several" },
    gate: { value: "token", help: "Which request, where two ask for the same source" },
  },
  async run(context, { args, options }) {
    const { submitFiles } = await import("../task/submit-files");
    return submitFiles(context, args.task, options);
  },
});
