type Json = Readonly<Record<string, unknown>>;

/**
 * The AI settings of a task: key by key, and model by model, what the last of the settings says that has it. A tenant may name the provider and an entity one model.
 * @param settings whole settings, the widest first; what is under `ai` counts
 * @returns undefined when none of them says anything about it
 */
export function mergeAi(settings: readonly (Json | null)[]): Json | undefined {
  const sections = settings.map((whole) => whole?.ai).filter(isRecord);
  if (sections.length === 0) return undefined;
  const models = sections.map((section) => section.models).filter(isRecord);
  return { ...over(sections), ...(models.length > 0 ? { models: over(models) } : {}) };
}

function over(layers: readonly Json[]): Json {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) Object.assign(merged, layer);
  return merged;
}

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
