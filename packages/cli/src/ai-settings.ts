import { AiSettings } from "@ntro/contract";
import type { Output } from "./output";
import { UsageError } from "./usage-error";

type Json = Record<string, unknown>;

/** Flags of `ai set`, as typed. */
export interface AiFlags {
  readonly provider?: string | undefined;
  readonly extractionModel?: string | undefined;
  readonly judgementModel?: string | undefined;
  readonly defaultModel?: string | undefined;
}

/**
 * Settings with the flags' part of `ai` changed; everything else stays, other keys of `ai` too.
 * @throws UsageError when no flag is given
 */
export function withAi(config: Json | null | undefined, flags: AiFlags): Json {
  const models = dropAbsent({
    extraction: flags.extractionModel,
    judgement: flags.judgementModel,
    default: flags.defaultModel,
  });
  const provider = dropAbsent({ provider: flags.provider });
  if (Object.keys(models).length + Object.keys(provider).length === 0)
    throw new UsageError(
      "There is nothing to set.",
      "Give at least one of --provider, --extraction-model, --judgement-model, --default-model.",
    );
  const before = isRecord(config?.ai) ? config.ai : {};
  const modelsBefore = isRecord(before.models) ? before.models : {};
  const merged = { ...modelsBefore, ...models };
  const ai = { ...before, ...provider, ...(Object.keys(merged).length > 0 ? { models: merged } : {}) };
  return { ...config, ai };
}

/** Settings without `ai`; undefined when there is none to take out. */
export function withoutAi(config: Json | null | undefined): Json | undefined {
  if (config?.ai === undefined) return undefined;
  const { ai: _, ...rest } = config;
  return rest;
}

/** The AI settings in a configuration. */
export function aiOf(config: Json | null | undefined): AiSettings {
  const read = AiSettings.safeParse(config?.ai ?? {});
  return read.success ? read.data : {};
}

/**
 * Shows AI settings, and of each what it falls back to.
 * @param wider settings that hold where these say nothing, such as the tenant's for an entity
 */
export function showAi(
  out: Output,
  own: AiSettings,
  wider?: { readonly settings: AiSettings; readonly name: string },
): void {
  const pick = (of: (settings: AiSettings) => string | undefined): string => {
    const mine = of(own);
    if (mine) return mine;
    const theirs = wider && of(wider.settings);
    return theirs ? `${theirs} (of ${wider.name})` : "";
  };
  const fields = [
    ["provider", pick(({ provider }) => provider)],
    ["extraction model", pick(({ models }) => models?.extraction)],
    ["judgement model", pick(({ models }) => models?.judgement)],
    ["default model", pick(({ models }) => models?.default)],
  ] as const;
  if (fields.every(([, value]) => value === "")) out.warn("No AI settings: runbooks use their own defaults.");
  else if (fields[0][1] === "") out.warn("No provider is set: runbooks ignore the models until --provider names one.");
  out.record(own, fields);
}

function dropAbsent(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
