import { runbook } from "@ntro/runbook";
import * as z from "zod";
import * as activities from "./activities";

export default runbook({
  input: z.object({}),
  output: z.string(),
  activities,
  steps: { one: ["One"], two: ["Two"], three: ["Three"] },
  async run({ step }) {
    await step.one(({ act }) => act.first({}));
    await step.two(({ act }) => act.second({}));
    await step.three(({ act }) => act.third({}));
    return "done";
  },
});
