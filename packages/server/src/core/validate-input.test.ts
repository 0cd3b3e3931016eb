import { NtroError } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { inputDefaults, inputFaults, requireValidInput } from "./validate-input";

const Input = z.object({
  period: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/)
    .meta({ format: "period" }),
  materiality: z
    .string()
    .regex(/^\d+\.\d\d$/)
    .meta({ format: "money", currency: "GBP" })
    .default("100.00"),
  mode: z.enum(["full", "fast"]).optional(),
  posted: z.iso.date().optional(),
  limits: z.object({ rows: z.number() }).optional(),
});
const declared = { inputSchema: z.toJSONSchema(Input, { io: "input" }), global: {} };
const faults = (context: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  inputFaults(declared, context, { ...inputDefaults(declared), ...more, ...context, tenant_id: "t" });

describe("start parameters", () => {
  it("are taken when they fit, with what the published client adds", () => {
    expect(faults({ period: "2026-03" })).toEqual([]);
    expect(faults({ period: "2026-03", priority: "HIGH", dry_run: true, mode: "fast" })).toEqual([]);
  });

  it("may come from the workflow's defaults or settings", () => {
    expect(faults({}, { period: "2026-03" })).toEqual([]);
  });

  it("name every field that is wrong, and what it takes", () => {
    expect(
      faults({ period: "2026-13", materiality: 100, mode: "slow", posted: "2026-02-30", limits: { rows: "many" } }),
    ).toEqual([
      { field: "period", problem: '"2026-13" does not fit', expected: "YYYY-MM, such as 2026-03" },
      { field: "materiality", problem: "100 does not fit", expected: 'an amount of GBP as text, such as "1250.00"' },
      { field: "mode", problem: '"slow" does not fit', expected: "full, fast" },
      { field: "posted", problem: '"2026-02-30" does not fit', expected: "a date YYYY-MM-DD" },
      { field: "limits.rows", problem: '"many" does not fit', expected: "number, received string" },
    ]);
  });

  it("name what is missing and what is unknown", () => {
    expect(faults({ perid: "2026-03" })).toEqual([
      { field: "period", problem: "is missing", expected: "YYYY-MM, such as 2026-03" },
      {
        field: "perid",
        problem: "is not a start parameter; did you mean period?",
        expected: "one of period, materiality, mode, posted, limits",
      },
    ]);
    expect(faults({ period: "2026-03", constructor: 1 })).toHaveLength(1);
  });

  it("check what the published client sends even where it is not declared", () => {
    const bare = { inputSchema: null, global: {} };
    expect(inputFaults(bare, { period: "2026-13", priority: "MEGA", dry_run: "yes", anything: 1 }, {})).toEqual([
      { field: "period", problem: '"2026-13" does not fit', expected: "YYYY-MM, such as 2026-03" },
      { field: "priority", problem: '"MEGA" does not fit', expected: "LOW, NORMAL or HIGH" },
      { field: "dry_run", problem: '"yes" does not fit', expected: "true or false" },
    ]);
  });

  it("may be anything where the schema says so", () => {
    const loose = { inputSchema: z.toJSONSchema(z.looseObject({ a: z.string() }), { io: "input" }), global: {} };
    expect(inputFaults(loose, { a: "x", b: 1 }, { a: "x", b: 1 })).toEqual([]);
  });

  it("are read from config_schema where the code declares none", () => {
    const global = {
      period: { type: "string", pattern: "^\\d{4}-\\d{2}$" },
      count: { type: "number", default: 3 },
    } as const;
    const manifest = { inputSchema: null, global };
    expect(inputDefaults(manifest)).toEqual({ count: 3 });
    expect(inputFaults(manifest, { count: "x" }, { count: "x" }).map((fault) => fault.field)).toEqual([
      "period",
      "count",
    ]);
  });

  it("are refused as one error that lists all", () => {
    expect(() => requireValidInput("nav@1.0.0", declared, {}, {})).toThrow(NtroError);
    expect(() => requireValidInput("nav@1.0.0", declared, { mode: "slow" }, { mode: "slow" })).toThrow(
      /nav@1\.0\.0.*period: is missing.*mode: "slow" does not fit \(expected full, fast\).*No task was started/,
    );
  });
});
