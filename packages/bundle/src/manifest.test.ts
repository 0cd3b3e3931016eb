import { expect, test } from "vitest";
import { goodFiles, shown } from "./bundle-fixture";
import { checkFiles } from "./files";

/** The faults of a bundle whose frontmatter is `yaml`. */
function faultsOf(yaml: string): string[] {
  return shown(checkFiles(goodFiles({ "runbook.md": `---\n${yaml}\n---\nBody\n` })));
}

const GOOD = "slug: nav-monthly\nname: Monthly NAV\nversion: 1.2.0";

test("everything the frontmatter can say", () => {
  const yaml = `slug: "nav-monthly"
name: Monthly NAV
title: an older field that is ignored
version: '1.2.0'
description:
tags: [nav, close]
jurisdictions: any
state: DRAFT
steps:
  - { id: open, label: Open period, component: CARD, timeout_minutes: 30, config: { a: 1 } }
  - id: report
templates: [{ path: templates/workflow.ts, description: The steps }]
children: [document-ingest]
schedule: { period: current }
concurrency: one-per-workflow
config_schema:
  global:
    period: { type: string, pattern: '^\\d{4}-\\d{2}$' }
    materiality: { type: number, default: 100 }
  steps:
    open: { strict: { type: boolean, default: false } }`;
  const result = checkFiles(
    goodFiles({ "runbook.md": `\uFEFF---\r\n${yaml.replaceAll("\n", "\r\n")}\r\n---\r\n\r\n# Body\r\n` }),
  );
  expect(shown(result)).toEqual([]);
  expect(result.status === "ok" && result.bundle.manifest).toEqual({
    slug: "nav-monthly",
    name: "Monthly NAV",
    version: "1.2.0",
    tags: ["nav", "close"],
    jurisdictions: ["any"],
    state: "DRAFT",
    steps: [
      { id: "open", label: "Open period", component: "CARD", timeoutMinutes: 30, config: { a: 1 } },
      { id: "report", label: "report" },
    ],
    templates: [{ path: "templates/workflow.ts", description: "The steps" }],
    children: ["document-ingest"],
    configSchema: {
      global: { period: { type: "string", pattern: "^\\d{4}-\\d{2}$" }, materiality: { type: "number", default: 100 } },
      steps: { open: { strict: { type: "boolean", default: false } } },
    },
    schedulePeriod: "current",
    concurrency: "one-per-workflow",
    language: "typescript",
    body: "# Body",
  });
});

test("what is left out has defaults", () => {
  const result = checkFiles(goodFiles());
  expect(result.status === "ok" && result.bundle.manifest).toMatchObject({
    tags: [],
    steps: [],
    children: [],
    configSchema: { global: {}, steps: {} },
    schedulePeriod: "previous",
  });
});

test("bad YAML, with line and column", () => {
  expect(faultsOf("slug: nav-monthly\nname: [Monthly\nversion: 1.2.0")).toEqual([
    expect.stringMatching(/^\[FRONTMATTER_PARSE_ERROR\] runbook\.md:4:1 .*\n {4}4 \| version: 1\.2\.0\n/),
  ]);
  expect(faultsOf("slug: a\nslug: b\nname: x\nversion: 1.0.0")).toEqual([
    "[FRONTMATTER_PARSE_ERROR] runbook.md:3:1 Map keys must be unique\n    3 | slug: b\n      | ^",
  ]);
  expect(faultsOf("slug: *nothing")).toEqual([expect.stringContaining("[FRONTMATTER_PARSE_ERROR] runbook.md:2:")]);
});

test("aliases that multiply without bound", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level += 1)
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  expect(faultsOf(lines.join("\n"))).toEqual([expect.stringContaining("[FRONTMATTER_PARSE_ERROR]")]);
});

test("frontmatter that is absent, open, empty or not a mapping", () => {
  const of = (text: string) => shown(checkFiles(goodFiles({ "runbook.md": text })))[0];
  expect(of("# Title\n")).toMatch("[FRONTMATTER_MISSING] runbook.md:1 The file does not start with a `---` line.");
  expect(of("---\nslug: a\n")).toMatch(
    "[FRONTMATTER_MISSING] runbook.md:1 The frontmatter opened on line 1 is never closed",
  );
  expect(of("---\n---\n")).toMatch("[FRONTMATTER_NOT_MAPPING] runbook.md:2");
  expect(of("---\n- a\n---\n")).toMatch("[FRONTMATTER_NOT_MAPPING]");
  expect(of("---\njust text\n---\n")).toMatch("[FRONTMATTER_NOT_MAPPING]");
});

test("missing and empty slug, name, version, all in one answer", () => {
  expect(faultsOf("title: x")).toEqual([
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING] runbook.md:2:1 The field slug is missing."),
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING] runbook.md:2:1 The field name is missing."),
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING] runbook.md:2:1 The field version is missing."),
  ]);
  expect(faultsOf('slug:\nname: ""\nversion: ""')).toEqual([
    '[FRONTMATTER_FIELD_MISSING] runbook.md:2:1 The field slug is empty.\n    2 | slug:\n      | ^\n  hint: Use lower-case letters, digits and inner hyphens, at most 63 characters, such as "nav-monthly".',
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING] runbook.md:3:1 The field name is empty."),
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING] runbook.md:4:1 The field version is empty."),
  ]);
  expect(faultsOf(GOOD.replace("Monthly NAV", '"   "'))).toEqual([
    expect.stringContaining("[FRONTMATTER_FIELD_MISSING]"),
  ]);
});

test.each(["Nav-Monthly", "a/b", "..", "a\\b", `'"nav"'`, "-nav", "nav-", "a b", "näv", "a".repeat(64), "'a\n\n  b'"])(
  "the slug %s is refused",
  (slug) => {
    const lines = faultsOf(GOOD.replace("nav-monthly", slug));
    expect(lines[0]).toMatch(/^\[SLUG_INVALID\] runbook\.md:2:1 slug is not a slug \(it is "/);
    expect(lines[0]).toContain("hint: Use lower-case letters, digits and inner hyphens");
  },
);

test("a slug or version that YAML reads as a number", () => {
  expect(faultsOf("slug: 2026\nname: x\nversion: 1.0")).toEqual([
    expect.stringContaining("[SLUG_INVALID] runbook.md:2:1 slug must be text (it is the number 2026)."),
    expect.stringContaining("[VERSION_NOT_SEMVER] runbook.md:4:1 version must be text (it is the number 1)."),
  ]);
  expect(faultsOf("slug: 2026\nname: x\nversion: 1.0.0")[0]).toContain(
    "hint: YAML reads it as a number: put it in quotes.",
  );
});

test.each(["1.2", "v1.2.0", "1.2.0.4", "latest", "01.2.0", "1.2.x", "^1.0.0"])(
  "the version %s is refused",
  (version) => {
    expect(faultsOf(GOOD.replace("1.2.0", `"${version}"`))).toEqual([
      expect.stringContaining(
        `[VERSION_NOT_SEMVER] runbook.md:4:1 version is not a semantic version (it is "${version}").`,
      ),
    ]);
  },
);

test("fields deeper down, each with its line", () => {
  const yaml = `${GOOD}
steps:
  - id: open
    label: 3
  - id: open
schedule: { period: next }
concurrency: two
children: [Document Ingest]
config_schema:
  global:
    period: { type: text }
    limit: { type: string, pattern: "(", default: 4 }`;
  expect(faultsOf(yaml)).toEqual([
    expect.stringContaining(
      "[FRONTMATTER_FIELD_INVALID] runbook.md:7:5 steps[0].label must be text (it is the number 3).",
    ),
    expect.stringContaining(
      '[FRONTMATTER_FIELD_INVALID] runbook.md:9:13 schedule.period must be one of previous, current (it is "next").',
    ),
    expect.stringContaining(
      '[FRONTMATTER_FIELD_INVALID] runbook.md:10:1 concurrency must be one of one-per-period, one-per-workflow, any (it is "two").',
    ),
    expect.stringContaining("[FRONTMATTER_FIELD_INVALID] runbook.md:11:12 children[0] is not a slug"),
    expect.stringContaining(
      "[CONFIG_SCHEMA_INVALID] runbook.md:14:15 config_schema.global.period.type must be one of string, number,",
    ),
    expect.stringContaining(
      "[CONFIG_SCHEMA_INVALID] runbook.md:15:28 config_schema.global.limit.pattern is not a regular expression",
    ),
    expect.stringContaining(
      "[CONFIG_SCHEMA_INVALID] runbook.md:15:42 config_schema.global.limit.default is not of type string (it is the number 4).",
    ),
  ]);
  expect(faultsOf(`${GOOD}\nsteps: [{ id: a }, { id: a }]`)).toEqual([
    expect.stringContaining("steps[1].id is the id of an earlier step"),
  ]);
});

test.each(["workflow.ts", "workflow.py"])("concurrency beside a %s: one of three words, or none", (workflow) => {
  const result = (line: string) => {
    const files = goodFiles({ "runbook.md": `---\n${GOOD}\n${line}\n---\n` });
    files.delete("templates/workflow.ts");
    if (workflow.endsWith(".py")) files.set("templates/activities.py", "");
    return checkFiles(files.set(`templates/${workflow}`, ""));
  };
  const read = (line: string) => {
    const checked = result(line);
    return checked.status === "ok" ? checked.bundle.manifest.concurrency : shown(checked);
  };
  for (const word of ["one-per-period", "one-per-workflow", "any"]) expect(read(`concurrency: ${word}`)).toBe(word);
  for (const line of ["", "concurrency:"]) expect(read(line)).toBeUndefined();
  for (const wrong of ["one", "1", "[any]", "true"])
    expect(read(`concurrency: ${wrong}`)).toEqual([
      expect.stringMatching(
        /^\[FRONTMATTER_FIELD_INVALID\] runbook\.md:5:1 concurrency must be one of one-per-period, /,
      ),
    ]);
});

test("no workflow file, or one of each language", () => {
  const without = (more: Record<string, string>) => {
    const files = goodFiles(more);
    files.delete("templates/workflow.ts");
    return shown(checkFiles(files));
  };
  expect(without({})).toEqual([
    "[WORKFLOW_TS_MISSING] templates/workflow.ts There is no templates/workflow.ts.\n" +
      "  hint: Add templates/workflow.ts (or templates/workflow.py for a Python bundle): it holds the runbook's steps.",
  ]);
  expect(without({ "templates/activities.py": "" })).toEqual([
    expect.stringContaining("[WORKFLOW_PY_MISSING] templates/workflow.py"),
  ]);
  expect(shown(checkFiles(goodFiles({ "templates/workflow.py": "" })))).toEqual([
    expect.stringContaining("[LANGUAGE_AMBIGUOUS] templates"),
  ]);
});
