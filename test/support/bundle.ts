/** The files of a small, valid TypeScript bundle; `salt` makes its content differ, `frontmatter` are further lines of it. */
export function smallBundle(
  slug: string,
  version: string,
  salt = "",
  frontmatter: readonly string[] = [],
): Record<string, string> {
  return {
    "runbook.md": [
      "---",
      `slug: ${slug}`,
      `name: ${slug}`,
      `version: ${version}`,
      "state: DRAFT",
      "author: Tests",
      "steps:",
      "  - id: only",
      "    label: The only step",
      ...frontmatter,
      "---",
      "",
      `A runbook for tests. ${salt}`,
    ].join("\n"),
    "templates/workflow.ts": `export default "a host of the test never loads this";\n`,
  };
}
