import { type ConfigField, NtroError, Period } from "@ntro/contract";
import * as z from "zod";
import { nearest } from "./near";

type Json = Record<string, unknown>;

/** The start parameters a revision declares, whichever way it does: JSON Schema of the input, or `config_schema.global` of the frontmatter. */
export interface DeclaredInput {
  /** JSON Schema (2020-12), null when the bundle's code declares none. */
  readonly inputSchema: Json | null;
  readonly global: Readonly<Record<string, ConfigField>>;
}

/** One thing wrong with the start parameters; these are the `details` of `INPUT_INVALID`. */
export interface InputFault {
  readonly field: string;
  readonly problem: string;
  readonly expected: string;
}

const JsonObject = z.record(z.string(), z.unknown());
/** What the published client sends with every run; taken even where the runbook does not declare it. */
const PUBLISHED: Readonly<Record<string, { schema: z.ZodType; expected: string }>> = {
  period: { schema: Period, expected: "YYYY-MM, such as 2026-03" },
  priority: { schema: z.enum(["LOW", "NORMAL", "HIGH"]), expected: "LOW, NORMAL or HIGH" },
  dry_run: { schema: z.boolean(), expected: "true or false" },
};

/** The properties of the start parameters as JSON Schema, by key; empty when the revision declares nothing. */
function properties(declared: DeclaredInput): Record<string, Json> {
  const schema = inputSchema(declared);
  const parsed = z.record(z.string(), JsonObject).safeParse(schema?.properties);
  return parsed.success ? parsed.data : {};
}

/** The JSON Schema of the start parameters; null when nothing is declared. */
export function inputSchema(declared: DeclaredInput): Json | null {
  if (declared.inputSchema !== null) return declared.inputSchema;
  const fields = Object.entries(declared.global);
  if (fields.length === 0) return null;
  return {
    type: "object",
    properties: Object.fromEntries(fields),
    required: fields.filter(([, field]) => field.default === undefined).map(([key]) => key),
  };
}

/** The declared defaults, by key. */
export function inputDefaults(declared: DeclaredInput): Json {
  const found = Object.entries(properties(declared)).filter(([, schema]) => schema.default !== undefined);
  return Object.fromEntries(found.map(([key, schema]) => [key, schema.default]));
}

/**
 * Everything wrong with a task's start parameters; empty when they are good. `context` is what was asked for this run (unknown keys are faults unless the
 * schema takes any), `input` the whole merged input, in which a default, the tenant or the entity may have filled what the context leaves out.
 */
export function inputFaults(declared: DeclaredInput, context: Json, input: Json): InputFault[] {
  const schema = inputSchema(declared);
  const known = properties(declared);
  const faults = schema === null ? [] : schemaFaults(schema, known, input);
  for (const [key, value] of Object.entries(context)) {
    if (Object.hasOwn(known, key)) continue;
    const published = Object.hasOwn(PUBLISHED, key) ? PUBLISHED[key] : undefined;
    if (published) {
      if (value !== null && !published.schema.safeParse(value).success)
        faults.push({ field: key, problem: `${shown(value)} does not fit`, expected: published.expected });
    } else if (schema !== null && !takesAny(schema)) faults.push(unknownKey(key, Object.keys(known)));
  }
  return faults;
}

/** Throws `INPUT_INVALID` that names every fault. `runbook` is how messages call it: `<slug>@<version>`. */
export function requireValidInput(runbook: string, declared: DeclaredInput, context: Json, input: Json): void {
  const faults = inputFaults(declared, context, input);
  if (faults.length === 0) return;
  const [slug] = runbook.split("@");
  const needed = faults.filter(({ field }) => Object.hasOwn(properties(declared), field.split(".")[0] ?? ""));
  const flags = [...new Set(needed.map(({ field }) => flagFor(field)))].slice(0, 3);
  const said = faults.map((fault) => `${fault.field}: ${fault.problem} (expected ${fault.expected})`).join("; ");
  throw new NtroError("INPUT_INVALID", `The start parameters do not fit ${runbook}. ${said}. No task was started.`, {
    hint: `${flags.length > 0 ? `Give them like ${flags.join(" ")}; ` : ""}\`ntro runbook info ${slug}\` lists them all.`,
    details: faults,
  });
}

/** How a start parameter is typed. */
function flagFor(field: string): string {
  if (field === "period") return "--period 2026-03";
  return `--param ${field.split(".")[0]}=…`;
}

function takesAny(schema: Json): boolean {
  const extra = schema.additionalProperties;
  return extra === true || (typeof extra === "object" && extra !== null);
}

function unknownKey(key: string, known: readonly string[]): InputFault {
  const near = nearest(key, [...known, ...Object.keys(PUBLISHED)], 1)[0];
  return {
    field: key,
    problem: near === undefined ? "is not a start parameter" : `is not a start parameter; did you mean ${near}?`,
    expected: known.length > 0 ? `one of ${known.join(", ")}` : "no parameters",
  };
}

/** Only declared keys are looked at: the rest of the input is identity and settings, which no schema need mention. */
function schemaFaults(schema: Json, known: Readonly<Record<string, Json>>, input: Json): InputFault[] {
  const values = Object.fromEntries(
    Object.entries(input).filter(([key, value]) => Object.hasOwn(known, key) && value !== undefined),
  );
  const faults = new Map<string, InputFault>();
  for (const issue of compile(schema).safeParse(values).error?.issues ?? []) {
    const [key] = issue.path;
    const field = issue.path.length > 0 ? issue.path.join(".") : "input";
    if (faults.has(field)) continue;
    const property = typeof key === "string" ? known[key] : undefined;
    const whole = property !== undefined && issue.path.length === 1;
    faults.set(field, {
      field,
      problem:
        whole && !Object.hasOwn(values, String(key))
          ? "is missing"
          : `${shown(valueAt(values, issue.path))} does not fit`,
      expected: whole ? expectation(String(key), property) : issue.message.replace(/^Invalid \w+: (?:expected )?/, ""),
    });
  }
  return [...faults.values()];
}

/** A schema that this zod does not read is checked by its keys alone: the runbook checks its own input again when it starts. */
function compile(schema: Json): z.ZodType {
  try {
    return z.fromJSONSchema(schema);
  } catch {
    const required = z.array(z.string()).safeParse(schema.required).data ?? [];
    return z.looseObject(
      Object.fromEntries(required.map((key) => [key, z.unknown().refine((value) => value !== undefined)])),
    );
  }
}

/** What a property takes, in words. */
function expectation(key: string, property: Json): string {
  if (Array.isArray(property.enum)) return property.enum.map((value) => String(value)).join(", ");
  if (property.format === "period" || (key === "period" && typeof property.pattern === "string"))
    return "YYYY-MM, such as 2026-03";
  if (property.format === "money")
    return `an amount of ${String(property.currency ?? "money")} as text, such as "1250.00"`;
  if (property.format === "date") return "a date YYYY-MM-DD";
  const type =
    property.type === "string"
      ? "text"
      : Array.isArray(property.type)
        ? property.type.join(" or ")
        : String(property.type ?? "a value");
  return typeof property.pattern === "string" ? `${type} that matches ${property.pattern}` : type;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    values,
  );
}
