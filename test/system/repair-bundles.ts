import { runbookMd } from "./bad-input/bundles";

const FEES = `import { runbook } from "@ntro/runbook";
import * as z from "zod";
import * as activities from "./activities";

export default runbook({
  input: z.object({ ask: z.boolean().default(false) }),
  output: z.object({ text: z.string() }),
  activities,
  steps: { only: ["The fee"] },
  run: ({ input, step }) => step.only(async ({ act, approve }) => {
    if (input.ask) await approve({ title: "The fee?" });
    return act.fee({});
  }),
});
`;

/** The files of the child runbook: its activity tells its version, after a gate when it is asked to. */
export function feesFiles(version: string): Record<string, string> {
  return {
    "runbook.md": runbookMd("fees", version),
    "templates/activities.ts": `import { activity } from "@ntro/runbook";
import * as z from "zod";
const Text = z.object({ text: z.string() });
export const fee = activity({ input: z.object({}), output: Text, short: true, run: () => ({ text: "fee of ${version}" }) });
`,
    "templates/workflow.ts": FEES,
  };
}

/** Of a version of the runbook `books`: which activity it begins with, and what its last step begins with. */
export interface BooksCode {
  readonly collect?: "collect" | "collectAll";
  readonly booking?: string;
}

/** The files of the task's runbook: an activity, a gate, an activity that tells its version, a child. Line 15 calls the first activity. */
export function booksFiles(
  version: string,
  { collect = "collect", booking = "" }: BooksCode = {},
): Record<string, string> {
  return {
    "runbook.md": runbookMd("books", version, ["children: [fees]"]),
    "templates/activities.ts": `import { activity } from "@ntro/runbook";
import * as z from "zod";
const None = z.object({});
const Text = z.object({ text: z.string() });
export const collect = activity({ input: None, output: Text, run: () => ({ text: "collected" }) });
export const collectAll = activity({ input: None, output: Text, run: () => ({ text: "collected" }) });
export const book = activity({ input: None, output: Text, run: () => ({ text: "booked by ${version}" }) });
`,
    "templates/workflow.ts": `import { childRunbook, runbook } from "@ntro/runbook";
import * as z from "zod";
import * as activities from "./activities";

const fees = childRunbook("fees", { input: z.object({ ask: z.boolean() }), output: z.object({ text: z.string() }) });

export default runbook({
  input: z.object({ ask: z.boolean().default(false) }),
  output: z.object({ text: z.string() }),
  activities,
  children: { fees },
  steps: { prepare: ["Prepare"], review: ["Review"], book: ["Book"] },
  run: async ({ input, step }) => {
    await step.prepare(async ({ act }) => {
      await act.${collect}({});
    });
    await step.review(({ approve }) => approve({ title: "Book it?" }));
    return step.book(async ({ act, child }) => {
      ${booking}
      const booked = await act.book({});
      const fee = await child.fees({ ask: input.ask });
      return { text: \`\${booked.text}, \${fee.text}\` };
    });
  },
});
`,
  };
}

/** Workflow code that throws. */
export const BUG = "const none: string[] = []; (none[0] as string).toUpperCase();";
