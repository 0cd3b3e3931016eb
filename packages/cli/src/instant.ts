import { UsageError } from "./usage-error";

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** An instant as typed, `2026-11-05T08:00Z` or with an offset, in ISO 8601 UTC. Throws {@link UsageError} naming the flag. */
export function parseInstant(text: string, flag: string): string {
  const date = new Date(text);
  if (INSTANT.test(text) && !Number.isNaN(date.getTime())) return date.toISOString();
  throw new UsageError(
    `${flag} ${text} is not a time with an offset.`,
    "Such as 2026-11-05T08:00Z, or 2026-07-05T08:00+01:00.",
  );
}

/** The same, or a day: its first moment in UTC, or its last. */
export function parseInstantOrDay(text: string, flag: string, end: "first" | "last"): string {
  if (!DATE.test(text)) {
    if (INSTANT.test(text)) return parseInstant(text, flag);
    throw new UsageError(
      `${flag} ${text} is neither a day nor a time with an offset.`,
      "Such as 2026-11-05, or 2026-11-05T08:00Z.",
    );
  }
  return parseInstant(end === "first" ? `${text}T00:00:00Z` : `${text}T23:59:59.999Z`, flag);
}
