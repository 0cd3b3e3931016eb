import type { Described, Fault, Manifest } from "@ntro/contract";

/**
 * The start parameters have one source, the input schema in code. Where runbook.md lists them too, both must read the same: same keys, same required ones.
 * @returns one fault for each key that differs; none when runbook.md lists no parameters
 */
export function compareConfigSchema(manifest: Manifest, described: Described): Fault[] {
  const declared = manifest.configSchema.global;
  if (Object.keys(declared).length === 0 || described.inputSchema === null) return [];
  const { properties = {}, required = [] } = described.inputSchema as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  const fault = (key: string, message: string): Fault => ({
    code: "CONFIG_SCHEMA_MISMATCH",
    path: "runbook.md",
    message: `config_schema.global.${key}: ${message}`,
    hint: "Mend the one that is wrong, or leave config_schema.global out: it is then made from the input schema.",
  });
  const missing = Object.keys(properties)
    .filter((key) => !(key in declared))
    .map((key) => fault(key, "the input schema has it, runbook.md has not."));
  const extra = Object.keys(declared)
    .filter((key) => !(key in properties))
    .map((key) => fault(key, "runbook.md has it, the input schema has not."));
  const optional = Object.entries(declared)
    .filter(([key, field]) => key in properties && required.includes(key) === (field.default !== undefined))
    .map(([key]) =>
      fault(
        key,
        required.includes(key)
          ? "it has a default here but is required by the input schema."
          : "it has no default here but the input schema does not require it.",
      ),
    );
  return [...missing, ...extra, ...optional];
}
