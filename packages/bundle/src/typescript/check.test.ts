import { expect, test } from "vitest";
import { folderWith } from "../bundle-fixture";
import { checkTypescript } from "./check";
import { sdkFolder, typescriptFiles, zodDir } from "./sdk-fixture";

test("types and determinism in one list, each place once", async () => {
  const files = typescriptFiles({
    "templates/workflow.ts":
      'import fs from "node:fs";\nexport const a: number = "1";\nexport const b = [process.env, Date.now(), fs];\n',
  });
  const faults = await checkTypescript({ dir: await folderWith(files), files, sdkDir: await sdkFolder(), zodDir });
  expect(faults.map(({ code, line, column }) => [code, line, column])).toEqual([
    ["DEFAULT_EXPORT_MISSING", undefined, undefined],
    ["NONDETERMINISTIC_IMPORT", 1, 16],
    ["TYPESCRIPT_ERROR", 2, 14],
    ["NONDETERMINISTIC_CALL", 3, 19],
    ["NONDETERMINISTIC_CALL", 3, 32],
  ]);
});
