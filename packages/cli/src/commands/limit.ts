import { UsageError } from "../usage-error";

/** The number of `--limit`; undefined when absent. Throws {@link UsageError}. */
export function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 500) return limit;
  throw new UsageError(`--limit ${text} is not a whole number from 1 to 500.`);
}
