/** The options of `ai set`. */
export const AI_OPTIONS = {
  provider: {
    value: "name",
    help: "Who runs the models; NTROPII is any OpenAI-compatible endpoint (NTRO_AI_BASE_URL)",
    choices: ["ANTHROPIC", "NTROPII", "AZURE_OPENAI", "BEDROCK", "DATABRICKS_FM"],
  },
  extractionModel: { value: "model", help: "Model that reads documents" },
  judgementModel: { value: "model", help: "Model that judges quality" },
  defaultModel: { value: "model", help: "Model for what has none of its own" },
} as const;
