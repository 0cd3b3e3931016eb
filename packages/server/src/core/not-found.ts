import { type ErrorCode, NtroError } from "@ntro/contract";
import { alternatives, nearest } from "./near";

/**
 * The error for a name that is not there, with the names that are near it.
 * @param what such as "tenant"; the message says "There is no tenant `acme-fun`."
 * @param candidates only names the asker may see
 */
export function notFound(
  code: ErrorCode,
  what: string,
  typed: string,
  candidates: readonly string[],
  otherwise: string,
): NtroError {
  const near = nearest(typed, candidates);
  const hint = near.length > 0 ? `Did you mean ${alternatives(near)}?` : otherwise;
  return new NtroError(code, `There is no ${what} \`${typed}\`.`, { hint });
}
