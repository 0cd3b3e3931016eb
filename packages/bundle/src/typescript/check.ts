import type { Fault } from "@ntro/contract";
import { sortFaults } from "../fault";
import { checkTypes, type TypeCheck } from "./check-types";
import { checkDeterminism } from "./determinism";

/**
 * Everything that can be told about a bundle's TypeScript without running it: {@link checkTypes} and {@link checkDeterminism},
 * in the order of files and lines. Where both complain about the same place, only the second does, as it says what to use instead.
 */
export async function checkTypescript(check: TypeCheck): Promise<Fault[]> {
  const nondeterminism = checkDeterminism(check.files);
  const places = new Set(nondeterminism.map(placeKey));
  const types = await checkTypes(check);
  return sortFaults([
    ...nondeterminism,
    ...types.filter((fault) => fault.line === undefined || !places.has(placeKey(fault))),
  ]);
}

function placeKey({ path, line, column }: Fault): string {
  return JSON.stringify([path, line, column]);
}
