/**
 * What does not compile: each `@ts-expect-error` fails `tsc` when the line below it is accepted. Nothing here runs.
 */
import { expectTypeOf, test } from "vitest";
import * as z from "zod";
import type { ApprovedRows, Rejected, RunContext, TimedOut } from "./index";
import { activity, check, childRunbook, date, fail, money, period, runbook } from "./index";

const Input = z.object({ period: period(), materiality: money("GBP").default("100.00") });
const Line = z.object({ id: z.string(), account: z.string(), debit: money("GBP"), posted: date() });
type Line = z.infer<typeof Line>;
const Output = z.object({ nav: money("GBP"), lines: z.number().int() });

const activities = {
  propose: activity({
    input: z.object({ period: period() }),
    output: z.object({ lines: z.array(Line) }),
    run: async (input) => ({ lines: [{ id: input.period, account: "1", debit: "1", posted: "2026-03-31" }] }),
  }),
  notAnActivity: 3,
};
const steps = { open: ["Open", "Calendar"], review: ["Review"] } as const;
const children = { ingest: "document-ingest", typed: childRunbook("x", { input: Input, output: Line }) } as const;
const base = { input: Input, output: Output, activities, steps, children };
type Context = RunContext<z.output<typeof Input>, typeof activities, typeof children, typeof steps>;

/** Type-checks a process against the runbook above, without a result to think of. */
const process = (_: (context: Context) => unknown) => undefined;

test("everything is inferred", () => {
  runbook({
    ...base,
    async run({ input, step, entity }) {
      expectTypeOf(input).toEqualTypeOf<{ period: string; materiality: string }>();
      expectTypeOf(entity.slug).toEqualTypeOf<string>();
      const { lines } = await step.open(({ act }) => act.propose(input));
      expectTypeOf(lines).toEqualTypeOf<Line[]>();
      const files = await step.open(({ submitFiles }) => submitFiles({ tb: { source: "tb", accept: ["xlsx"] } }));
      expectTypeOf(files.tb.ref).toEqualTypeOf<string>();
      const kids = await step.open(({ child }) => child.typed.all({ north: { period: "2026-01" } }));
      expectTypeOf(kids.north).toEqualTypeOf<Line>();
      const ingested = await step.open(({ child }) => child.ingest({ anything: 1 }));
      expectTypeOf(ingested).toEqualTypeOf<unknown>();
      const answer = await step.review(({ review }) =>
        review({ title: "Lines", row: Line, rows: lines, editable: ["debit"], checks: [balanced] }),
      );
      expectTypeOf(answer).toEqualTypeOf<ApprovedRows<Line> | Rejected>();
      if (answer.decision === "rejected") return fail(answer.reason);
      return { nav: answer.rows[0]?.debit ?? "0", lines: answer.rows.length };
    },
  });
});
const balanced = check<Line>({ id: "c", title: "C", run: (lines) => ({ status: lines.length > 0 ? "pass" : "fail" }) });
const ofOthers = check<{ credit: string }>({ id: "c", title: "C", run: () => ({ status: "pass" }) });

test("unknown names", () => {
  process(({ step, input }) => {
    // @ts-expect-error a step that is not declared
    void step.close;
    // @ts-expect-error an activity that does not exist
    void step.open(({ act }) => act.porpose(input));
    // @ts-expect-error an export that is no activity
    void step.open(({ act }) => act.notAnActivity);
    // @ts-expect-error a child that is not declared
    void step.open(({ child }) => child.ingets({}));
    // @ts-expect-error a tool that does not exist
    void step.open(({ aprove }) => aprove({ title: "x" }));
    // @ts-expect-error an input that is not declared
    void input.perid;
    // @ts-expect-error a file that was not asked for
    void step.open(async ({ submitFiles }) => (await submitFiles({ tb: { source: "tb" } })).rentRoll);
    // @ts-expect-error a kind of file that nobody reads
    void step.open(({ submitFile }) => submitFile({ source: "tb", accept: ["exe"] }));
    // @ts-expect-error a child's source that was not started
    void step.open(async ({ child }) => (await child.typed.all({ north: { period: "2026-01" } })).south);
  });
});

test("inputs and results that do not fit", () => {
  process(({ step }) => {
    // @ts-expect-error an activity's input without a field
    void step.open(({ act }) => act.propose({}));
    // @ts-expect-error an activity's input of another type
    void step.open(({ act }) => act.propose({ period: 202603 }));
    // @ts-expect-error a child's input of another type
    void step.open(({ child }) => child.typed({ period: "2026-01", materiality: 100 }));
  });
  // @ts-expect-error money given as a number
  runbook({ ...base, run: async () => ({ nav: 12.5, lines: 1 }) });
  // @ts-expect-error a result without a field
  runbook({ ...base, run: async () => ({ nav: "1.00" }) });
  // @ts-expect-error no result
  runbook({ ...base, run: async () => undefined });
  // @ts-expect-error start parameters that are no object
  runbook({ ...base, input: z.string(), run: async () => ({ nav: "1.00", lines: 1 }) });
  // @ts-expect-error a step without a title
  runbook({ ...base, steps: { open: [] }, run: async () => ({ nav: "1.00", lines: 1 }) });
  activity({
    input: Input,
    output: z.object({ nav: money("GBP") }),
    // @ts-expect-error an activity that results in a number for money
    run: () => ({ nav: 1 }),
  });
  activity({
    input: Input,
    output: z.object({}),
    // @ts-expect-error a duration that is none
    timeout: "5 minutes",
    run: () => ({}),
  });
});

test("gates", () => {
  process(({ step }) =>
    step.review(async ({ review, approve }) => {
      const rows: Line[] = [];
      const answer = await review({ title: "Lines", row: Line, rows });
      // @ts-expect-error rows before the decision is known
      void answer.rows;
      if (answer.decision === "rejected") {
        // @ts-expect-error rows of a rejection
        void answer.rows;
        // @ts-expect-error the approver of a rejection
        void answer.approvedBy;
        return;
      }
      void answer.rows[0]?.debit;
      // @ts-expect-error a column that rows have not
      void answer.rows[0]?.credit;
      // @ts-expect-error a time-out where none was given
      if (answer.decision === "timed_out") return;

      const timed = await approve({ title: "Go?", timeout: "24h" });
      expectTypeOf<Extract<typeof timed, { decision: "timed_out" }>>().toEqualTypeOf<TimedOut>();
      if (timed.decision === "rejected") return;
      // @ts-expect-error the time-out is not handled
      void timed.approvedBy;
      if (timed.decision === "timed_out") return;
      void timed.approvedBy.name;
      // @ts-expect-error an approval has no rows
      void timed.rows;

      // @ts-expect-error a column to edit that rows have not
      void review({ title: "Lines", row: Line, rows, editable: ["credit"] });
      // @ts-expect-error ids may not be edited
      void review({ title: "Lines", row: Line, rows, editable: ["id"] });
      // @ts-expect-error rows of another shape
      void review({ title: "Lines", row: Line, rows: [{ id: "a" }] });
      // @ts-expect-error rows without an id
      void review({ title: "Lines", row: z.object({ account: z.string() }), rows: [] });
      // @ts-expect-error a check of other rows
      void review({ title: "Lines", row: Line, rows, checks: [ofOthers] });
      // @ts-expect-error a check that decides what it may not
      void check<Line>({ id: "c", title: "C", run: () => ({ status: "maybe" }) });
    }),
  );
});
