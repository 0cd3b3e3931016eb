import type { StartParam } from "@ntro/contract";
import { UsageError } from "../usage-error";

/** `--param key=value` given several times, as texts by key. Throws {@link UsageError}. */
export function splitParams(given: readonly string[]): Map<string, string> {
  const params = new Map<string, string>();
  for (const text of given) {
    const at = text.indexOf("=");
    const key = text.slice(0, at).trim();
    if (at < 1 || key === "")
      throw new UsageError(`--param "${text}" is not key=value.`, "Type it like --param materiality=100.00");
    if (params.has(key)) throw new UsageError(`--param ${key} is given twice.`);
    params.set(key, text.slice(at + 1));
  }
  return params;
}

/**
 * The texts as the runbook's start parameters want them: numbers, booleans, lists and objects are read, everything else stays text. A key that
 * is not declared stays text too; the server says what it thinks of it. Throws {@link UsageError}.
 */
export function typeParams(
  params: ReadonlyMap<string, string>,
  declared: readonly StartParam[],
): Record<string, unknown> {
  const types = new Map(declared.map(({ key, type }) => [key, type]));
  return Object.fromEntries([...params].map(([key, text]) => [key, typeParam(key, text, types.get(key) ?? "string")]));
}

function typeParam(key: string, text: string, type: StartParam["type"]): unknown {
  switch (type) {
    case "string":
      return text;
    case "number": {
      const number = Number(text);
      if (text.trim() === "" || !Number.isFinite(number))
        throw new UsageError(`--param ${key}: "${text}" is not a number.`);
      return number;
    }
    case "boolean":
      if (/^(true|yes|1)$/i.test(text)) return true;
      if (/^(false|no|0)$/i.test(text)) return false;
      throw new UsageError(`--param ${key}: "${text}" is neither true nor false.`);
    case "array":
    case "object":
      try {
        return JSON.parse(text);
      } catch {
        throw new UsageError(`--param ${key} takes JSON, as it is ${type === "array" ? "a list" : "an object"}.`);
      }
  }
}
