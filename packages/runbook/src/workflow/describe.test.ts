import { expect, test } from "vitest";
import * as z from "zod";
import { activity } from "../activity";
import { childRunbook, runbook } from "../runbook";
import { money, period } from "../schema";
import { describe } from "./describe";

const propose = activity({ input: z.object({}), output: z.object({}), run: () => ({}) });
const definition = {
  input: z.object({ period: period(), materiality: money("GBP").default("100.00") }),
  output: z.object({ nav: money("GBP") }),
  activities: { propose, helper: () => 1 },
  children: { ingest: "document-ingest", typed: childRunbook("nav", { input: z.object({}), output: z.object({}) }) },
  steps: { open: ["Open period", "Calendar"], review: ["Review"] },
  run: async () => ({ nav: "1.00" }),
} as const;

test("a runbook shows its ladder, start parameters, children and activities", () => {
  expect(describe(runbook(definition))).toEqual({
    steps: [
      { id: "open", title: "Open period", icon: "Calendar" },
      { id: "review", title: "Review" },
    ],
    inputSchema: {
      type: "object",
      properties: {
        period: expect.objectContaining({ format: "period" }),
        materiality: expect.objectContaining({ format: "money", currency: "GBP", default: "100.00" }),
      },
      required: ["period"],
    },
    children: ["document-ingest", "nav"],
    activities: ["propose"],
  });
});

test("what is wrong is told in the author's words", () => {
  const wrong = (changes: object) => () => describe(runbook({ ...definition, ...changes }));
  for (const exported of [undefined, null, 5, () => 1, {}, { kind: "ntro.activity" }])
    expect(() => describe(exported)).toThrow("must export a runbook: `export default runbook({ … })`");
  expect(wrong({ input: z.object({ on: z.date() }) })).toThrow(/`input` cannot be written as JSON.*date\(\)/);
  expect(wrong({ output: z.object({ n: z.bigint() }) })).toThrow("`output` cannot be written as JSON");
  expect(wrong({ input: z.string() })).toThrow("must be an object");
  expect(wrong({ input: z.object({ tenant_id: z.string() }) })).toThrow(
    '"tenant_id" has a name that the platform uses',
  );
  expect(wrong({ steps: { "a:b": ["A"] } })).toThrow('The step "a:b" needs a name');
});
