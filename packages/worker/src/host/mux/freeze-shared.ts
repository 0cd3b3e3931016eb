/**
 * Freezes what all executions of a context share, as deeply as the SDK would, except for what zod changes in use: the place where a regular expression
 * last matched (a string format such as `z.iso.date()` sets it), and schemas, which complete themselves when they first parse.
 *
 * @param shared frozen in place, with all that is reached from it through objects
 * @returns the same object
 */
export function freezeShared<T extends object>(shared: T): T {
  freeze(shared, new WeakSet());
  return shared;
}

function freeze(value: unknown, seen: WeakSet<object>): void {
  if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
  seen.add(value);
  if (value instanceof RegExp) {
    Object.preventExtensions(value);
    return;
  }
  if (Object.hasOwn(value, "_zod")) return;
  if (typeof value === "object") for (const key of Reflect.ownKeys(value)) freeze(Reflect.get(value, key), seen);
  // Views on memory cannot be frozen.
  if (!ArrayBuffer.isView(value)) Object.freeze(value);
}
