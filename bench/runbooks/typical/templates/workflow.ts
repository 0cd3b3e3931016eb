import { runbook } from "@ntro/runbook";
import * as activities from "./activities";
import { Input, Report } from "./models";

export default runbook({
  input: Input,
  output: Report,
  activities,
  steps: { collect: ["Collect", "Download"], match: ["Match", "GitCompare"], report: ["Report", "FileText"] },
  async run({ input, step }) {
    const books = await step.collect(({ act }) => act.collect({ period: input.period }));
    const matches = await step.match(({ act }) => act.match({ ...books, tolerance: input.tolerance }));
    return step.report(({ act }) => act.report({ ...books, matches }));
  },
});
