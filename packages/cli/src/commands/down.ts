import { defineCommand } from "../command";

export const down = defineCommand({
  name: "down",
  summary: "Stop the platform of $NTRO_HOME",
  examples: ["ntro down"],
  notes: "Tasks in flight stay where they are and go on at the next start.",
  async run(context) {
    const { runDown } = await import("../up/run-down");
    return runDown(context);
  },
});
