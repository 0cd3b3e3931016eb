import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FIXTURES = join(import.meta.dirname, "../fixtures/chaos");

/** A relay asks for an amount and starts both legs; everything posts into one ledger. See `test/fixtures/chaos`. */
export const RELAYS = ["relay-ts", "relay-py"] as const;
export const LEGS = ["leg-ts", "leg-py"] as const;
export type Relay = (typeof RELAYS)[number];
export type Slug = Relay | (typeof LEGS)[number];

/** Folders of the runbooks of `test/fixtures/chaos`, in as many revisions as are asked for. */
export class RelayBundles {
  readonly #folder = mkdtempSync(join(tmpdir(), "ntro-relays-"));

  /** The folder of a revision; `word` is what its code says that it is. */
  write(slug: Slug, version: string, word: string): string {
    const folder = mkdtempSync(join(this.#folder, `${slug}-`));
    cpSync(join(FIXTURES, slug), folder, { recursive: true, filter: (path) => !path.endsWith("__pycache__") });
    replace(join(folder, "runbook.md"), "version: 1.0.0", `version: ${version}`);
    replace(join(folder, `templates/revision.${slug.slice(-2)}`), "as in the repository", word);
    return folder;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function replace(path: string, before: string, after: string): void {
  const text = readFileSync(path, "utf8");
  if (!text.includes(before)) throw new Error(`${path} does not hold "${before}"`);
  writeFileSync(path, text.replace(before, after));
}
