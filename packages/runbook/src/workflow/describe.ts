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
  const { definition } = asRunbook(exported);
  jsonSchema("output", definition.output, "output");
  checkNames(definition);
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

/** What the platform puts into the flat input beside the author's parameters. */
const TAKEN = ["tenant_id", "tenant_slug", "entity_id", "entity_slug", "task_id", "config", "tenant_config"];

function checkNames({ steps, input }: Runbook["definition"]): void {
  // A step's id is a part of its children's workflow ids, where a colon parts.
  const wrong = Object.keys(steps).find((id) => !/^[A-Za-z][\w-]*$/.test(id));
  if (wrong !== undefined)
    throw new Error(`The step "${wrong}" needs a name of letters, digits, "_" and "-" that begins with a letter.`);
  if (!("shape" in input)) throw new Error("The schema `input` must be an object: z.object({ … }).");
  const taken = Object.keys(input.shape).find((key) => TAKEN.includes(key));
  if (taken !== undefined)
    throw new Error(`The start parameter "${taken}" has a name that the platform uses itself; choose another.`);
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
