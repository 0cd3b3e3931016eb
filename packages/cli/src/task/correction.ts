import type { CorrectionInput } from "@ntro/contract";
import { UsageError } from "../usage-error";

/** A correction as `--correct` takes it: `line=field=value`; the value may itself hold `=`. Throws {@link UsageError}. */
export function parseCorrection(text: string): CorrectionInput {
  const [line = "", field = "", ...value] = text.split("=");
  if (line.trim() === "" || field.trim() === "" || value.length === 0)
    throw new UsageError(`--correct "${text}" is not line=field=value.`, "Type it like --correct 3=debit=1250.00");
  return { line: line.trim(), field: field.trim(), value: value.join("=") };
}
