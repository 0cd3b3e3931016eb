import type { ErrorBody } from "@ntro/contract";

/** What a detail says of itself is a place and a message; these are the keys it may be found under. */
interface PlacedMessage {
  readonly path?: unknown;
  readonly field?: unknown;
  readonly message?: unknown;
}

/**
 * The details of an error that are no faults of a bundle, such as invalid fields or open gates, one line each and never as JSON. Those that message and
 * hint have told already are left out. Lines may hold control characters of other people's text.
 */
export function detailLines({ message, hint, details }: Pick<ErrorBody, "message" | "hint" | "details">): string[] {
  const told = `${message} ${hint ?? ""}`;
  return (details ?? [])
    .filter((detail) => !textsOf(detail).every((value) => told.includes(value)))
    .map((detail) => `  - ${sentence(detail)}`);
}

function sentence(detail: unknown): string {
  if (typeof detail !== "object" || detail === null) return String(detail);
  const { path, field, message, ...rest }: PlacedMessage & Record<string, unknown> = { ...detail };
  if (typeof message !== "string") return pairs(detail).join(", ");
  const place = Array.isArray(path) ? path.join(".") : (path ?? field);
  const more = pairs(rest);
  return `${place ? `${String(place)}: ` : ""}${message}${more.length > 0 ? ` (${more.join(", ")})` : ""}`;
}

/** `key: value` of everything in a detail; what lies deeper has its path as key, what is empty is left out. */
function pairs(detail: object, prefix = ""): string[] {
  return Object.entries(detail).flatMap(([key, value]: [string, unknown]) => {
    const name = `${prefix}${key}`;
    if (value === null || value === undefined || value === "") return [];
    if (Array.isArray(value) && value.every((each) => typeof each !== "object"))
      return value.length > 0 ? [`${name}: ${value.join(" ")}`] : [];
    return typeof value === "object" ? pairs(value, `${name}.`) : [`${name}: ${String(value)}`];
  });
}

/** The texts in a detail. */
function textsOf(detail: unknown): string[] {
  if (typeof detail !== "object" || detail === null) return [String(detail)];
  return Object.values(detail)
    .flatMap(textsOf)
    .filter((text) => text !== "null" && text !== "undefined");
}
