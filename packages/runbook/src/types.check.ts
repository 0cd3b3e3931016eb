import * as z from "zod";
import { activity, childRunbook, money, period, runbook } from "./index";

const Input = z.object({ period: period(), materiality: money("GBP").default("100.00") });
const Journal = z.object({ id: z.string(), account: z.string(), debit: money("GBP") });
const activities = {
  a: activity({
    input: Input,
    output: z.object({ lines: z.array(Journal) }),
    short: true,
    run: async (i, { db }) => {
      await db.query("x");
      return { lines: [{ id: i.period, account: "1", debit: "1" }] };
    },
  }),
  other: 3,
};
export default runbook({
  input: Input,
  output: z.object({ nav: money("GBP") }),
  activities,
  children: { ingest: "document-ingest", typed: childRunbook("x", { input: Input, output: Journal }) },
  steps: { open: ["Open", "Calendar"], review: ["Review"] },
  async run({ input, step }) {
    const p = await step.open(({ act }) => act.a(input));
    const files = await step.open(({ submitFiles }) => submitFiles({ tb: { source: "tb", accept: ["xlsx"] } }));
    files.tb.ref;
    const kids = await step.open(({ child }) => child.typed.all({ a: { period: "2026-01" } }));
    kids.a.account;
    const r = await step.review(({ review }) =>
      review({ title: "x", row: Journal, rows: p.lines, editable: ["debit"] }),
    );
    if (r.decision === "rejected") return { nav: "0" };
    const t = await step.review(({ approve }) => approve({ title: "x", timeout: "1h" }));
    if (t.decision === "timed_out") return { nav: "1" };
    // @ts-expect-error an unknown step
    step.nope;
    return { nav: r.rows[0]?.debit ?? "0" };
  },
});
