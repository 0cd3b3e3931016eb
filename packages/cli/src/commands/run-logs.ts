import { defineCommand } from "../command";
import { parseLimit } from "./limit";
import { limitOption } from "./scope-options";
import { taskArgument } from "./task-argument";

export const runLogs = defineCommand({
  name: "logs",
  summary: "Show what happened to a task, in order",
  examples: ["ntro run logs 3f0c5b1e-6a51-4c0e-9d1a-2f4f6f3a9b7d"],
  arguments: taskArgument,
  options: { limit: limitOption },
  async run({ client, out }, { args, options }) {
    const api = await client();
    const query = { limit: parseLimit(options.limit) };
    out.list(await api.call("tasks.logs", { params: { id: args.task }, query }), [
      { title: "AT", value: (entry) => entry.createdAt },
      { title: "WHAT", value: (entry) => entry.type },
      { title: "MORE", value: (entry) => detailOf(entry.payload) },
    ]);
    return 0;
  },
});

function detailOf(payload: Record<string, unknown>): string {
  return Object.entries(payload)
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(" ");
}
