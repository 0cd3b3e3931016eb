/** Results over this are refused before Temporal would refuse them in an endless loop. */
export const MAX_RESULT_BYTES = 1_000_000;

/** What all open gates show together. Over 2 MiB Temporal would not answer a query, and nobody could see the task. */
export const MAX_SHOWN_BYTES = 1_250_000;

/** What a finished step keeps to be looked at; more is left out, so that many steps still fit into one answer. */
export const MAX_SNAPSHOT_BYTES = 50_000;

/** The size of a value as JSON, in bytes of UTF-8. Throws for what is not JSON (a bigint, a cycle). */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) ?? "";
  let bytes = text.length;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // Two units of a surrogate pair take four bytes together, every other unit from 0x800 on three.
    if (unit >= 0x80) bytes += unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** A copy of a value to keep, or how large it is where it is over the limit or not JSON. */
export function keepable(value: unknown): unknown {
  try {
    const bytes = jsonBytes(value);
    return bytes <= MAX_SNAPSHOT_BYTES ? JSON.parse(JSON.stringify(value)) : { omitted_bytes: bytes };
  } catch {
    return { omitted_bytes: 0 };
  }
}
