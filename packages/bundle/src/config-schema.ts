import { ConfigType } from "@ntro/contract";
import * as z from "zod";

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

/** One key of `config_schema` as authors write it, checked in itself: the pattern compiles, the default fits type, enum and pattern. */
const Field = z
  .object({
    type: ConfigType,
    description: optionalText,
    default: z.unknown().optional(),
    pattern: optionalText,
    enum: z
      .array(z.unknown())
      .min(1, "must list at least one value")
      .nullish()
      .transform((values) => values ?? undefined),
  })
  .superRefine((field, context) => {
    const complain = (key: "pattern" | "enum" | "default", message: string) =>
      context.addIssue({ code: "custom", path: [key], message });
    const pattern = field.pattern === undefined ? undefined : compile(field.pattern);
    if (pattern === null) complain("pattern", "is not a regular expression");
    if (pattern !== undefined && field.type !== "string") complain("pattern", "is only for type string");
    if (field.enum?.some((value) => !isOfType(value, field.type)))
      complain("enum", `has a value that is not of type ${field.type}`);
    if (field.default === undefined || field.default === null) return;
    if (!isOfType(field.default, field.type)) complain("default", `is not of type ${field.type}`);
    else if (field.enum && !field.enum.includes(field.default)) complain("default", "is not among the values of enum");
    else if (pattern && !pattern.test(String(field.default))) complain("default", "does not match the pattern");
  })
  .transform(({ type, description, default: fallback, pattern, enum: values }) => ({
    type,
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined || fallback === null ? {} : { default: fallback }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(values === undefined ? {} : { enum: values }),
  }));

const Fields = z
  .record(z.string(), Field)
  .nullish()
  .transform((fields) => fields ?? {});

/** The `config_schema` of the frontmatter; absent parts become empty. */
export const ConfigSchemaInput = z
  .object({
    global: Fields,
    steps: z
      .record(z.string(), Fields)
      .nullish()
      .transform((steps) => steps ?? {}),
  })
  .nullish()
  .transform((schema) => schema ?? { global: {}, steps: {} });

function compile(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern);
  } catch {
    return null;
  }
}

function isOfType(value: unknown, type: ConfigType): boolean {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
