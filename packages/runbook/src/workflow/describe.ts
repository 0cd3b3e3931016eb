import * as z from "zod";
import { isActivity } from "../activity";
import type { Runbook } from "../runbook";

/** What a runbook shows once loaded: its ladder, its start parameters as JSON Schema, the children and activities it may use. */
export interface Description {
  steps: { id: string; title: string; icon?: string }[];
  inputSchema: Record<string, unknown>;
  children: string[];
  activities: string[];
}

/**
 * Describes a bundle's default export. Throws an `Error` whose message tells the author what to mend: no runbook, or a schema that is not JSON as it is
 * (dates and money are strings).
 */
export function describe(exported: unknown): Description {
  const runbook = asRunbook(exported);
  const { definition } = runbook;
  jsonSchema("output", definition.output, "output");
  return {
    steps: Object.entries(definition.steps).map(([id, [title, icon]]) => ({
      id,
      title,
      ...(icon === undefined ? {} : { icon }),
    })),
    inputSchema: jsonSchema("input", definition.input, "input"),
    children: Object.values(definition.children ?? {}).map((child) => (typeof child === "string" ? child : child.slug)),
    activities: Object.keys(definition.activities).filter((name) => isActivity(definition.activities[name])),
  };
}

/** The default export as a runbook. */
export function asRunbook(exported: unknown): Runbook {
  if (typeof exported !== "object" || exported === null || (exported as { kind?: unknown }).kind !== "ntro.runbook") {
    throw new Error("templates/workflow.ts must export a runbook: `export default runbook({ … })`.");
  }
  return exported as Runbook;
}

function jsonSchema(name: string, schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  try {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io }) as Record<string, unknown>;
    return rest;
  } catch (error) {
    throw new Error(
      `The schema \`${name}\` cannot be written as JSON: ${error instanceof Error ? error.message : String(error)} Use strings for dates (date()) and money (money("GBP")).`,
    );
  }
}
