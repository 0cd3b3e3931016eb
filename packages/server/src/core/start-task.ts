import { type ConfigField, isClosed, NtroError, type Task } from "@ntro/contract";
import { mergeAi } from "./ai-settings";
import { alternatives, nearest } from "./near";
import { readyLast, type VersionContent } from "./ready-last";
import { inputDefaults, requireValidInput } from "./validate-input";

type Json = Record<string, unknown>;

/** A bound workflow as far as choosing among them needs. */
export interface BoundWorkflow {
  readonly id: string;
  readonly name: string | null;
  readonly runbookSlug: string;
  readonly entityId: string;
  readonly entitySlug: string;
  /** The pin; null follows the current version. */
  readonly runbookVersion: string | null;
}

/**
 * The workflow that a reference means among those of a tenant (and entity, when one was asked for): by id, then by name, then by runbook slug. Throws
 * `WORKFLOW_NOT_FOUND` with near names, or `WORKFLOW_AMBIGUOUS` with the candidates.
 */
export function resolveWorkflow<W extends BoundWorkflow>(
  reference: string,
  workflows: readonly W[],
  entity?: string,
): W {
  const within =
    entity === undefined
      ? workflows
      : workflows.filter((workflow) => workflow.entityId === entity || workflow.entitySlug === entity);
  for (const matches of [
    within.filter((workflow) => workflow.id === reference.toLowerCase()),
    within.filter((workflow) => workflow.name === reference),
    within.filter((workflow) => workflow.runbookSlug === reference),
  ]) {
    const [only] = matches;
    if (only && matches.length === 1) return only;
    if (only) throw ambiguous(reference, matches, entity === undefined);
  }
  throw notFound(reference, within, entity);
}

function notFound(reference: string, workflows: readonly BoundWorkflow[], entity: string | undefined): NtroError {
  const names = workflows.flatMap((workflow) => [
    workflow.runbookSlug,
    ...(workflow.name === null ? [] : [workflow.name]),
  ]);
  const near = nearest(reference, names);
  const where = entity === undefined ? "this tenant" : `the entity ${entity}`;
  return new NtroError("WORKFLOW_NOT_FOUND", `No workflow "${reference}" is bound to ${where}.`, {
    hint:
      near.length > 0
        ? `Did you mean ${alternatives(near)}?`
        : names.length > 0
          ? `Bound here: ${[...new Set(names)].sort().slice(0, 10).join(", ")}.`
          : "Bind one with `ntro workflow create --path … --entity …`.",
  });
}

function ambiguous(reference: string, matches: readonly BoundWorkflow[], entityHelps: boolean): NtroError {
  const listed = matches.map((match) => `${match.id} (${match.name ?? match.runbookSlug}, entity ${match.entitySlug})`);
  return new NtroError(
    "WORKFLOW_AMBIGUOUS",
    `"${reference}" may be any of ${matches.length} workflows: ${listed.join("; ")}.`,
    {
      hint:
        entityHelps && new Set(matches.map((match) => match.entityId)).size > 1
          ? "Say which with --entity or by its id."
          : "Say which by its id.",
      details: matches.map((match) => ({
        id: match.id,
        name: match.name,
        entity: match.entitySlug,
        runbook: match.runbookSlug,
      })),
    },
  );
}

/** A revision of the workflow's runbook in its tenant. */
export interface CandidateRevision extends VersionContent {
  readonly current: boolean;
}

/**
 * The revision the workflow's next task runs: of its pinned version the one that became ready last, else the current one. Throws `RUNBOOK_NOT_READY`.
 */
export function chooseRevision<R extends CandidateRevision>(
  workflow: Pick<BoundWorkflow, "runbookSlug" | "runbookVersion">,
  revisions: readonly R[],
): R {
  const slug = workflow.runbookSlug;
  const pin = workflow.runbookVersion;
  const ready = revisions.filter((revision) => revision.readyAt !== null);
  const chosen = pin === null ? ready.find((revision) => revision.current) : readyLast(ready, pin);
  if (chosen) return chosen;
  const versions = [...new Set(ready.map((revision) => revision.version))];
  throw new NtroError(
    "RUNBOOK_NOT_READY",
    pin === null
      ? `The runbook ${slug} has no current version that is ready.`
      : `Version ${pin} of ${slug}, to which the workflow is pinned, is not ready.`,
    {
      hint:
        versions.length > 0
          ? `Ready: ${versions.join(", ")}. ${pin === null ? `\`ntro runbook promote ${slug}@${versions[versions.length - 1]}\` makes one current.` : "Pin one of these, or --unpin."}`
          : "Deploy it with `ntro workflow create --path …`; `ntro runbook versions` shows how a deployment stands.",
    },
  );
}

export interface TaskInputParts {
  readonly taskId: string;
  readonly tenant: { readonly id: string; readonly slug: string; readonly config: Json | null };
  readonly entity: { readonly id: string; readonly slug: string; readonly config: Json | null };
  readonly defaultConfig: Json | null;
  readonly context: Json;
  /** How messages call the runbook: `<slug>@<version>`. */
  readonly runbook: string;
  readonly inputSchema: Json | null;
  readonly global: Readonly<Record<string, ConfigField>>;
}

/**
 * The one argument of a task's execution: flat, as published bundles read it, `config` and `tenant_config` beside it. Later parts win: declared defaults,
 * the workflow's defaults, the tenant's settings, the entity's, what was asked for this run, identity; those of `ai` key by key. Throws `INPUT_INVALID`.
 */
export function taskInput(parts: TaskInputParts): Json {
  const layers = [parts.defaultConfig, parts.tenant.config, parts.entity.config];
  const settings = withAi({ ...parts.defaultConfig, ...parts.tenant.config, ...parts.entity.config }, layers);
  const given = Object.fromEntries(Object.entries(parts.context).filter(([, value]) => value !== undefined));
  const input = {
    ...withAi({ ...inputDefaults(parts), ...settings, ...given }, [...layers, given]),
    config: settings,
    tenant_config: parts.tenant.config ?? {},
    task_id: parts.taskId,
    tenant_id: parts.tenant.id,
    tenant_slug: parts.tenant.slug,
    entity_id: parts.entity.id,
    entity_slug: parts.entity.slug,
  };
  requireValidInput(parts.runbook, parts, given, input);
  requireFittingSize(input);
  return input;
}

function withAi(input: Json, layers: readonly (Json | null)[]): Json {
  const ai = mergeAi(layers);
  return ai === undefined ? input : { ...input, ai };
}

/** Temporal takes 2 MiB; a start above it is retried for tens of seconds before it fails, so it is refused well below. */
export const INPUT_LIMIT_BYTES = 1_500_000;

/** Throws `INPUT_INVALID` for an input that Temporal would not take. */
export function requireFittingSize(input: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes > INPUT_LIMIT_BYTES)
    throw new NtroError(
      "INPUT_INVALID",
      `The task's input is ${bytes} bytes, over the limit of ${INPUT_LIMIT_BYTES}. No task was started.`,
      {
        hint: "Submit large data as a file, and keep the tenant's and the entity's config small.",
      },
    );
}

/** A task's title: what runs, for whom, for which period. */
export function taskTitle(parts: {
  readonly name: string;
  readonly entityName: string;
  readonly context: Json;
}): string {
  const period = parts.context.period;
  return `${parts.name} ${typeof period === "string" ? `${period} ` : ""}· ${parts.entityName}`;
}

/** Throws `TASK_CLOSED` for a task that has ended. */
export function requireOpen(task: Pick<Task, "id" | "status">): void {
  if (isClosed(task.status))
    throw new NtroError("TASK_CLOSED", `The task ${task.id} has ended (${task.status}).`, {
      hint: `\`ntro run status ${task.id}\` shows how it ended.`,
    });
}
