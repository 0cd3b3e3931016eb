import { defineCommand } from "../command";

export const status = defineCommand({
  name: "status",
  summary: "Show each part of the platform: exit 0 when all work, else 1",
  examples: ["ntro status", "ntro status -o json"],
  async run(context) {
    const { runStatus } = await import("../up/run-status");
    return runStatus(context);
  },
});
