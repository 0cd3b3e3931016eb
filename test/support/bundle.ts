/** The files of a small, valid TypeScript bundle; `salt` makes its content differ. */
export function smallBundle(slug: string, version: string, salt = ""): Record<string, string> {
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
      "---",
      "",
      `A runbook for tests. ${salt}`,
    ].join("\n"),
    "templates/workflow.ts": `export default "a host of the test never loads this";\n`,
  };
}
