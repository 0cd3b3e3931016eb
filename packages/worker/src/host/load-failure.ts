import type { Fault } from "@ntro/contract";

/** A bundle that cannot be built, loaded or applied; its faults are for the author. */
export class BundleFaulty extends Error {
  override readonly name = "BundleFaulty";
  constructor(readonly faults: readonly Fault[]) {
    super(
      faults
        .map((fault) => `${fault.path}${fault.line === undefined ? "" : `:${fault.line}`} ${fault.message}`)
        .join("; "),
    );
  }
}

/** A fault of the whole bundle or one of its files, found while it was loaded. */
export function loadFault(code: Fault["code"], path: string, error: unknown, hint?: string): Fault {
  const message = error instanceof Error ? error.message : String(error);
  return { code, message, path, ...(hint === undefined ? {} : { hint }) };
}
