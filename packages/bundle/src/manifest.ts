import { Concurrency, type Fault, type Language, type Manifest, Slug } from "@ntro/contract";
import { valid as validSemver } from "semver";
import * as z from "zod";
import { ConfigSchemaInput } from "./config-schema";
import { type Files, lineOf } from "./fault";
import { type Frontmatter, parseFrontmatter } from "./frontmatter";
import { OLDER_RUNBOOK_FILE, RUNBOOK_FILE } from "./paths";

/** Either the manifest, or everything that is wrong with the frontmatter. */
export type ManifestResult = { status: "ok"; manifest: Manifest } | { status: "faulty"; faults: Fault[] };

const text = z
  .string()
  .nullish()
  .transform((value) => value || undefined);
/** A list of texts; one text by itself counts as a list of it. */
const texts = z.preprocess((value) => (typeof value === "string" ? [value] : (value ?? [])), z.array(z.string()));

const Step = z
  .object({
    id: z.string().min(1, "must not be empty"),
    label: text,
    description: text,
    activity: text,
    component: text,
    responsibility: text,
    timeout_minutes: z.number().positive().nullish(),
    config: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform(({ timeout_minutes, config, label, ...step }) => ({
    ...step,
    label: label ?? step.id,
    timeoutMinutes: timeout_minutes ?? undefined,
    config: config ?? undefined,
  }));

const Steps = z.array(Step).superRefine((steps, context) => {
  steps.forEach(({ id }, index) => {
    if (steps.findIndex((step) => step.id === id) < index) {
      context.addIssue({ code: "custom", path: [index, "id"], message: "is the id of an earlier step" });
    }
  });
});

/** The frontmatter as authors write it. Fields it does not name are ignored. */
const FrontmatterInput = z.object({
  slug: Slug,
  name: z.string().trim().min(1).max(200, "is longer than 200 characters"),
  version: z.string().refine((version) => validSemver(version) === version, "is not a semantic version"),
  description: text,
  classification: text,
  tags: texts,
  jurisdictions: texts,
  state: text,
  author: text,
  steps: z.preprocess((value) => value ?? [], Steps),
  templates: z.preprocess((value) => value ?? [], z.array(z.object({ path: z.string(), description: text }))),
  children: z.preprocess((value) => value ?? [], z.array(Slug)),
  config_schema: ConfigSchemaInput,
  schedule: z.object({ period: z.enum(["previous", "current"]).nullish() }).nullish(),
  concurrency: Concurrency.nullish().transform((value) => value ?? undefined),
});

/**
 * Reads the manifest of a bundle from runbook.md (skill.md where that is absent) and the names of its templates.
 * @param paths every path of the bundle, including files whose text could not be had
 */
export function readManifest(files: Files, paths: ReadonlySet<string>): ManifestResult {
  const language = findLanguage(paths);
  const faults: Fault[] = typeof language === "string" ? [] : [language];
  const path = paths.has(RUNBOOK_FILE) || !paths.has(OLDER_RUNBOOK_FILE) ? RUNBOOK_FILE : OLDER_RUNBOOK_FILE;
  const content = files.get(path);
  if (content === undefined) {
    if (!paths.has(path)) faults.push(noRunbookFile());
    return { status: "faulty", faults };
  }
  const parsed = parseFrontmatter(path, content);
  if (parsed.status === "faulty") return { status: "faulty", faults: [...parsed.faults, ...faults] };

  const { frontmatter } = parsed;
  const checked = FrontmatterInput.safeParse(frontmatter.data);
  if (!checked.success)
    faults.push(...checked.error.issues.map((issue) => fieldFault(issue, frontmatter, path, content)));
  if (!checked.success || typeof language !== "string") return { status: "faulty", faults };
  const { config_schema: configSchema, schedule, ...fields } = checked.data;
  const schedulePeriod = schedule?.period ?? "previous";
  return { status: "ok", manifest: { ...fields, configSchema, schedulePeriod, language, body: frontmatter.body } };
}

function noRunbookFile(): Fault {
  return {
    code: "RUNBOOK_MD_MISSING",
    message: "There is no runbook.md in this folder.",
    path: RUNBOOK_FILE,
    hint: "Give the folder that holds runbook.md and templates/, or add a runbook.md with slug, name and version between two `---` lines.",
  };
}

function findLanguage(paths: ReadonlySet<string>): Language | Fault {
  const typescript = paths.has("templates/workflow.ts");
  const python = paths.has("templates/workflow.py");
  if (typescript && python) {
    const message = "There are both templates/workflow.ts and templates/workflow.py.";
    return {
      code: "LANGUAGE_AMBIGUOUS",
      message,
      path: "templates",
      hint: "A bundle is in one language: delete one of the two.",
    };
  }
  if (typescript) return "typescript";
  if (python) return "python";
  const looksPython = [...paths].some((path) => /^templates\/.*\.py$/.test(path));
  const path = looksPython ? "templates/workflow.py" : "templates/workflow.ts";
  const other = looksPython ? "" : " (or templates/workflow.py for a Python bundle)";
  return {
    code: looksPython ? "WORKFLOW_PY_MISSING" : "WORKFLOW_TS_MISSING",
    message: `There is no ${path}.`,
    path,
    hint: `Add ${path}${other}: it holds the runbook's steps.`,
  };
}

const REQUIRED = new Set(["slug", "name", "version"]);
const HINTS: Record<string, string> = {
  slug: 'Use lower-case letters, digits and inner hyphens, at most 63 characters, such as "nav-monthly".',
  version: 'Use three numbers, such as "1.4.0" or "2.0.0-beta.1", without a leading v.',
  schedule: "period is `previous` (the month before the run, the default) or `current`.",
  concurrency:
    "one-per-period: one open task for each period; one-per-workflow: one open task at a time; any: as many as are asked for.",
  config_schema:
    "Each key has a type (string, number, boolean, array, object) and may have description, default, pattern and enum.",
  children: "List the slugs of the runbooks this one starts.",
};

function fieldFault(issue: z.core.$ZodIssue, frontmatter: Frontmatter, path: string, content: string): Fault {
  const top = String(issue.path[0] ?? "");
  const value = valueAt(frontmatter.data, issue.path);
  const place = frontmatter.place(issue.path);
  const where = { path, ...place, source: lineOf(content, place.line) };
  const hint =
    typeof value === "number" && REQUIRED.has(top)
      ? `YAML reads it as a number: put it in quotes. ${HINTS[top] ?? ""}`.trim()
      : HINTS[top];
  if (
    REQUIRED.has(top) &&
    (value === undefined || value === null || (typeof value === "string" && value.trim() === ""))
  ) {
    const message = value === undefined ? `The field ${top} is missing.` : `The field ${top} is empty.`;
    return { code: "FRONTMATTER_FIELD_MISSING", message, ...where, hint: HINTS[top] ?? `Add a line \`${top}: …\`.` };
  }
  const shown = value === undefined ? "" : ` (it is ${describe(value)})`;
  const message = `${fieldName(issue.path)} ${says(issue)}${shown}.`;
  return { code: codeOf(top), message, ...where, ...(hint === undefined ? {} : { hint }) };
}

function codeOf(field: string): Fault["code"] {
  if (field === "slug") return "SLUG_INVALID";
  if (field === "version") return "VERSION_NOT_SEMVER";
  return field === "config_schema" ? "CONFIG_SCHEMA_INVALID" : "FRONTMATTER_FIELD_INVALID";
}

/** What zod found, as the end of a sentence that starts with the field's name. */
function says(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `must be ${article(issue.expected)}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_format") return "is not a slug";
  if (issue.code === "custom" || /^(is|has|must|does) /.test(issue.message)) return issue.message;
  return `is not valid: ${issue.message}`;
}

function article(type: string): string {
  const names: Record<string, string> = { string: "text", record: "a mapping", object: "a mapping", array: "a list" };
  return names[type] ?? `a ${type}`;
}

function describe(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  const shown = json.length > 60 ? `${json.slice(0, 60)}…` : json;
  return typeof value === "number" ? `the number ${shown}` : shown;
}

/** `steps[2].id` */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined,
    data,
  );
}
