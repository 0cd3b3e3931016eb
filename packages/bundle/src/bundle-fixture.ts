import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type BundleResult, formatFault } from "./fault";

/** A runbook.md that passes every check. */
export const RUNBOOK_MD = `---
slug: nav-monthly
name: Monthly NAV
version: 1.2.0
---

# Monthly NAV
`;

/** The files of a small good bundle; give more, or other texts for the same paths. */
export function goodFiles(more: Record<string, string> = {}): Map<string, string> {
  return new Map(
    Object.entries({ "runbook.md": RUNBOOK_MD, "templates/workflow.ts": "export default {};\n", ...more }),
  );
}

/** A temporary folder that holds the files and is gone when the test ends. */
export async function folderWith(files: Iterable<readonly [string, string | Uint8Array]>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ntro-bundle-test-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [path, content] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  return dir;
}

/** The faults as a user reads them, or an empty list for a good bundle. */
export function shown(result: BundleResult): string[] {
  return result.status === "ok" ? [] : result.faults.map(formatFault);
}
