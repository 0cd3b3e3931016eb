import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files of a bundle by path; null leaves one of the usual files out. */
export type Files = Readonly<Record<string, string | Uint8Array | null>>;

const ACTIVITIES = `import { activity } from "@ntro/runbook";
import * as z from "zod";

const Note = z.object({ text: z.string() });

export const note = activity({ input: Note, output: Note, short: true, run: (given) => given });
`;

/** A workflow that asks for one approval; `first` is put before it, on line 11; `word` gives the first word of its result. */
export function workflow({ imports = "", first = "", word = "answer.decision" } = {}): string {
  return `import { runbook } from "@ntro/runbook";
import * as z from "zod";
import * as activities from "./activities";
${imports}
export default runbook({
  input: z.object({ amount: z.number(), note: z.string().optional() }),
  output: z.object({ text: z.string() }),
  activities,
  steps: { only: ["The only step"] },
  run: ({ input, step }) => step.only(async ({ act, approve }) => {
    ${first}
    const answer = await approve({ title: "Go on?" });
    const word = ${word};
    return act.note({ text: \`\${word} \${input.amount}\` });
  }),
});
`;
}

/** The runbook.md of a bundle; `more` are further lines of the frontmatter. */
export function runbookMd(slug: string, version = "1.0.0", more: readonly string[] = []): string {
  return [
    "---",
    `slug: ${slug}`,
    `name: The ${slug}`,
    `version: ${version}`,
    ...more,
    "---",
    "",
    "For tests.",
    "",
  ].join("\n");
}

/** Writes small bundles below a temporary folder. */
export class Bundles {
  readonly folder = mkdtempSync(join(tmpdir(), "ntro-bundles-"));

  /** A bundle's folder: a good one, but for `files`. The folder's name is new each time. */
  write(slug: string, files: Files = {}): string {
    const dir = mkdtempSync(join(this.folder, `${slug.replace(/\W/g, "")}-`));
    const usual: Files = {
      "runbook.md": runbookMd(slug),
      "templates/workflow.ts": workflow(),
      "templates/activities.ts": ACTIVITIES,
    };
    for (const [path, content] of Object.entries({ ...usual, ...files })) if (content !== null) put(dir, path, content);
    return dir;
  }

  /** A file beside the bundles. */
  file(name: string, content: string | Uint8Array): string {
    put(this.folder, name, content);
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function put(dir: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
}

/** The usual activities with a last line of top-level code. */
export function activitiesEndingWith(line: string): string {
  return `${ACTIVITIES}${line}\n`;
}
