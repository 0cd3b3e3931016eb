import { describe, expect, it } from "vitest";
import { startParams } from "./start-params";

describe("startParams", () => {
  it("are the properties of the input's JSON Schema, in order", () => {
    const inputSchema = {
      type: "object",
      properties: {
        period: { type: "string", pattern: "^\\d{4}-\\d{2}$", description: "The month" },
        rounds: { type: "integer", default: 3 },
        kind: { enum: ["a", "b"] },
        level: { enum: [1, 2] },
        note: { type: ["null", "string"] },
        amount: { anyOf: [{ type: "null" }, { type: "number" }] },
        money: { anyOf: [{ type: "number" }, { type: "string" }, { type: "null" }], default: "2.50" },
        tags: { type: "array" },
        strange: true,
      },
      required: ["period", "rounds"],
    };
    expect(startParams({ inputSchema, global: {} })).toEqual([
      { key: "period", type: "string", pattern: "^\\d{4}-\\d{2}$", description: "The month", required: true },
      { key: "rounds", type: "number", default: 3, required: false },
      { key: "kind", type: "string", enum: ["a", "b"], required: false },
      { key: "level", type: "number", enum: [1, 2], required: false },
      { key: "note", type: "string", required: false },
      { key: "amount", type: "number", required: false },
      { key: "money", type: "string", default: "2.50", required: false },
      { key: "tags", type: "array", required: false },
      { key: "strange", type: "string", required: false },
    ]);
  });

  it("are those of the frontmatter where the code declares none; without a default they are required", () => {
    const global = { period: { type: "string" as const }, dry: { type: "boolean" as const, default: false } };
    expect(startParams({ inputSchema: null, global })).toEqual([
      { key: "period", type: "string", required: true },
      { key: "dry", type: "boolean", default: false, required: false },
    ]);
  });

  it("are none where nothing is declared", () => {
    expect(startParams({ inputSchema: null, global: {} })).toEqual([]);
    expect(startParams({ inputSchema: { properties: 5 }, global: {} })).toEqual([]);
  });
});
