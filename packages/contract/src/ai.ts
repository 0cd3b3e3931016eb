import * as z from "zod";

/** Who runs the models. The published SDK speaks to `ANTHROPIC`, and to any OpenAI-compatible endpoint as `NTROPII`; it knows the others by name. */
export const AiProvider = z.enum(["NTROPII", "ANTHROPIC", "AZURE_OPENAI", "BEDROCK", "DATABRICKS_FM"]);
export type AiProvider = z.infer<typeof AiProvider>;

/** Which model does what; `default` stands for those that are not named. */
export const AiModels = z.looseObject({
  extraction: z.string().optional(),
  judgement: z.string().optional(),
  default: z.string().optional(),
});

/** The key `ai` of a tenant's, an entity's or a workflow's settings. Each key by itself is the narrower one's where it has it. */
export const AiSettings = z.looseObject({ provider: AiProvider.optional(), models: AiModels.optional() });
export type AiSettings = z.infer<typeof AiSettings>;
