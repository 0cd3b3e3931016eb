import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "../..");

/** A fenced block of a page. */
export interface Block {
  /** Line of its opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** Of `title="…"` after the language. */
  readonly title: string | undefined;
  readonly text: string;
}

/** Every page of the repository, by its path; what git ignores is left out. */
export function pages(): ReadonlyMap<string, string> {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], { cwd: ROOT });
  const paths = listed.toString("utf8").split("\n").filter(Boolean);
  // A page that was just deleted is still in the index.
  const there = paths.filter((path) => existsSync(join(ROOT, path)));
  return new Map(there.map((path) => [path, readPage(path)]));
}

/** A page's text by its path in the repository. */
export function readPage(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The fenced blocks of a page, in order. */
export function blocks(page: string): Block[] {
  const found: Block[] = [];
  const lines = page.split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const opening = /^```(\w*)(.*)$/.exec(lines[index] ?? "");
    if (!opening) continue;
    const end = lines.indexOf("```", index + 1);
    const text = lines.slice(index + 1, end).join("\n");
    const title = /title="([^"]+)"/.exec(opening[2] ?? "")?.[1];
    found.push({ line: index + 1, language: opening[1] ?? "", title, text: `${text}\n` });
    index = end;
  }
  return found;
}

/** A page without its fenced blocks; lines keep their numbers. */
export function prose(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/[^\n]/g, ""));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(page: string): string[] {
  return [...prose(page).matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}
