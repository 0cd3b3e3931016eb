import * as z from "zod";
import { Language, Slug } from "./names";

/** What kind of value a key of `config_schema` takes. */
export const ConfigType = z.enum(["string", "number", "boolean", "array", "object"]);
export type ConfigType = z.infer<typeof ConfigType>;

/** One key of `config_schema`: a start parameter (`global`) or a setting of one step. Required = no default. */
export const ConfigField = z.object({
  type: ConfigType,
  description: z.string().optional(),
  default: z.unknown().optional(),
  /** A JavaScript regular expression the text must match. */
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
});
export type ConfigField = z.infer<typeof ConfigField>;

/** A bundle's `config_schema`: keys of the whole task, and keys for each step id. */
export const ConfigSchema = z.object({
  global: z.record(z.string(), ConfigField),
  steps: z.record(z.string(), z.record(z.string(), ConfigField)),
});
export type ConfigSchema = z.infer<typeof ConfigSchema>;

/** A step as the frontmatter of runbook.md describes it to people and agents. */
export const ManifestStep = z.object({
  id: z.string(),
  label: z.string(),
  description: z.string().optional(),
  activity: z.string().optional(),
  component: z.string().optional(),
  responsibility: z.string().optional(),
  timeoutMinutes: z.number().positive().optional(),
  config: z.record(z.string(), z.unknown()).optional(),
});
export type ManifestStep = z.infer<typeof ManifestStep>;

/** A template the frontmatter lists; files not listed are treated as bespoke by agents. */
export const ManifestTemplate = z.object({ path: z.string(), description: z.string().optional() });
export type ManifestTemplate = z.infer<typeof ManifestTemplate>;

/** Which open tasks of a workflow keep a further one from starting: those of the same period, all of them, or none. */
export const Concurrency = z.enum(["one-per-period", "one-per-workflow", "any"]);
export type Concurrency = z.infer<typeof Concurrency>;

/** What runbook.md says about a bundle: its checked frontmatter, its text, and the language its templates are written in. */
export const Manifest = z.object({
  slug: Slug,
  name: z.string(),
  version: z.string(),
  description: z.string().optional(),
  classification: z.string().optional(),
  tags: z.array(z.string()),
  jurisdictions: z.array(z.string()),
  state: z.string().optional(),
  author: z.string().optional(),
  steps: z.array(ManifestStep),
  templates: z.array(ManifestTemplate),
  /** Slugs of the runbooks it starts as children. */
  children: z.array(Slug),
  configSchema: ConfigSchema,
  /** Which period a scheduled task is for: the month before its nominal time, or the month of it. */
  schedulePeriod: z.enum(["previous", "current"]),
  /** Absent: `one-per-period` where the workflow has a schedule, else `any`. */
  concurrency: Concurrency.optional(),
  language: Language,
  /** The markdown after the frontmatter. */
  body: z.string(),
});
export type Manifest = z.infer<typeof Manifest>;

/** Everything that can be wrong with a bundle. A code is never renamed; those of Python bundles stand apart at the end. */
export const FaultCode = z.enum([
  // The folder and its files
  "RUNBOOK_DIR_NOT_FOUND",
  "RUNBOOK_DIR_NOT_A_DIR",
  "RUNBOOK_MD_MISSING",
  "PATH_UNSAFE",
  "PATH_CASE_CLASH",
  "SYMLINK_REFUSED",
  "SPECIAL_FILE_REFUSED",
  "FILE_UNREADABLE",
  "BINARY_FILE",
  "FILE_TOO_LARGE",
  "BUNDLE_TOO_LARGE",
  "TOO_MANY_FILES",
  "MIGRATION_NAME_INVALID",
  "ARCHIVE_INVALID",
  // runbook.md
  "FRONTMATTER_MISSING",
  "FRONTMATTER_PARSE_ERROR",
  "FRONTMATTER_NOT_MAPPING",
  "FRONTMATTER_FIELD_MISSING",
  "FRONTMATTER_FIELD_INVALID",
  "SLUG_INVALID",
  "VERSION_NOT_SEMVER",
  "CONFIG_SCHEMA_INVALID",
  "CONFIG_SCHEMA_MISMATCH",
  "LANGUAGE_AMBIGUOUS",
  // TypeScript
  "WORKFLOW_TS_MISSING",
  "DEFAULT_EXPORT_MISSING",
  "TYPESCRIPT_ERROR",
  "TYPESCRIPT_TIMEOUT",
  "NONDETERMINISTIC_IMPORT",
  "NONDETERMINISTIC_CALL",
  "TOP_LEVEL_AWAIT",
  "IMPORT_OUTSIDE_BUNDLE",
  "PACKAGE_JSON_INVALID",
  "PACKAGE_NOT_PINNED",
  "PACKAGE_NOT_DECLARED",
  "PACKAGE_INSTALL_FAILED",
  // Found only by a host: loading what was built, and applying it
  "RUNBOOK_LOAD_ERROR",
  "RUNBOOK_DEFINITION_INVALID",
  "MIGRATION_FAILED",
  // Found only by the server: no host took the deployment
  "WORKER_MISSING",
  // Python
  "WORKFLOW_PY_MISSING",
  "WORKFLOW_PY_IMPORT_ERROR",
  "WORKFLOW_CLASS_NOT_FOUND",
  "WORKFLOW_DEFN_MISSING",
  "ACTIVITIES_PY_MISSING",
  "ACTIVITIES_PY_IMPORT_ERROR",
  "MODELS_PY_IMPORT_ERROR",
  "REQUIREMENTS_INVALID",
  "REQUIREMENTS_INSTALL_FAILED",
  "PYTHON_MISSING",
]);
export type FaultCode = z.infer<typeof FaultCode>;

/** One thing wrong with a bundle, and where. */
export const Fault = z.object({
  code: FaultCode,
  /** What happened, as one sentence or the compiler's own words. */
  message: z.string(),
  /** POSIX path in the bundle; the folder as it was given when the fault is the folder's; "" when it is the bundle's as a whole. */
  path: z.string(),
  /** From 1. */
  line: z.number().int().positive().optional(),
  /** From 1, in UTF-16 units. */
  column: z.number().int().positive().optional(),
  /** The offending line as written. */
  source: z.string().optional(),
  /** What to do about it. */
  hint: z.string().optional(),
});
export type Fault = z.infer<typeof Fault>;
