import type { StartParam } from "@ntro/contract";
import * as z from "zod";
import { type DeclaredInput, inputSchema } from "./validate-input";

const Property = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  default: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});
type Property = z.infer<typeof Property>;
const ObjectSchema = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
});

const TYPES: Readonly<Record<string, StartParam["type"]>> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  array: "array",
  object: "object",
};

/** The start parameters of a revision as forms show them, in the order declared. Whatever has a default is not required. */
export function startParams(declared: DeclaredInput): StartParam[] {
  const schema = ObjectSchema.safeParse(inputSchema(declared) ?? {});
  if (!schema.success) return [];
  const required = new Set(schema.data.required);
  return Object.entries(schema.data.properties ?? {}).map(([key, value]) => {
    const property = Property.safeParse(value).data ?? {};
    return {
      key,
      type: typeOf(property),
      ...(property.description === undefined ? {} : { description: property.description }),
      ...(property.pattern === undefined ? {} : { pattern: property.pattern }),
      ...(property.enum === undefined ? {} : { enum: property.enum }),
      ...(property.default === undefined ? {} : { default: property.default }),
      required: required.has(key) && property.default === undefined,
    };
  });
}

/**
 * One type for a form's control: text where that is among several (a decimal of pydantic takes number or text, and as a number it would lose digits), else the
 * first that is not null; a property without any takes text.
 */
function typeOf(property: Property): StartParam["type"] {
  const names = [property.type ?? []].flat().filter((name) => name !== "null");
  const known = names.map((name) => TYPES[name]).find((type) => type !== undefined);
  if (known) return known;
  const options = (property.anyOf ?? []).flatMap((option) => {
    const inner = Property.safeParse(option).data;
    return inner?.type === undefined || inner.type === "null" ? [] : [typeOf(inner)];
  });
  const [first] = options;
  if (first) return options.includes("string") ? "string" : first;
  const sample = property.enum?.[0] ?? property.const;
  return typeof sample === "number" ? "number" : typeof sample === "boolean" ? "boolean" : "string";
}
