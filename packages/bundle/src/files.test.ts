import { expect, test } from "vitest";
import { goodFiles, shown } from "./bundle-fixture";
import { checkFiles } from "./files";

/** What an upload with one more file at `path` is answered. */
function withPath(path: string): string[] {
  return shown(checkFiles(goodFiles({ [path]: "text" })));
}

test("a good upload passes, without the files no bundle holds", () => {
  const result = checkFiles(
    goodFiles({ ".env": "SECRET", "README.md": "x", "templates/node_modules/a/index.js": "x" }),
  );
  expect(result.status === "ok" && [...result.bundle.files.keys()]).toEqual(["runbook.md", "templates/workflow.ts"]);
});

test.each([
  ["../../etc/passwd", "contains `..`"],
  ["templates/../../secret.ts", "contains `..`"],
  ["templates/./a.ts", "contains `.`"],
  ["/etc/passwd", "is absolute"],
  ["C:/Windows/a.ts", "is absolute"],
  ["templates\\a.ts", "contains a backslash"],
  ["templates//a.ts", "has an empty part"],
  ["templates/a/", "has an empty part"],
  ["", "is empty"],
  ["templates/a\u0000.ts", "contains a control character"],
  ["templates/a\u001b[31m.ts", "contains a control character"],
  ["templates/\ud800.ts", "is not valid UTF-8"],
  [`templates/${"a".repeat(201)}`, "has a part longer than 200 bytes"],
])("the path %j is refused", (path, reason) => {
  const lines = withPath(path);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("[PATH_UNSAFE]");
  expect(lines[0]).toContain(reason);
  // None of them may reach a terminal.
  expect(lines[0]?.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});

test.each([
  [
    ["templates/models.ts", "templates/Models.ts"],
    "templates/models.ts and templates/Models.ts differ only by upper and lower case",
  ],
  [["templates/a/x.ts", "templates/A/y.ts"], "templates/a and templates/A differ only by upper and lower case"],
  [["templates/\u00e9.ts", "templates/e\u0301.ts"], "differ only by upper and lower case or Unicode form"],
  [["templates/a", "templates/a/b.ts"], "templates/a is both a file and a folder."],
])("%j cannot be in one bundle", (paths, message) => {
  const lines = shown(checkFiles(goodFiles(Object.fromEntries(paths.map((path) => [path, "text"])))));
  expect(lines).toEqual([expect.stringContaining("[PATH_CASE_CLASH]")]);
  expect(lines[0]).toContain(message);
});

test("the same path twice", () => {
  expect(shown(checkFiles([...goodFiles(), ["templates/workflow.ts", "other"]]))).toEqual([
    expect.stringContaining("[PATH_CASE_CLASH] templates/workflow.ts templates/workflow.ts is there twice."),
  ]);
});

test("half a surrogate pair is not text", () => {
  expect(withPath("templates/ok.txt")).toEqual([]);
  expect(shown(checkFiles(goodFiles({ "templates/a.txt": "a\ud800" })))).toEqual([
    expect.stringContaining("[BINARY_FILE] templates/a.txt"),
  ]);
});

test("20 MB and 10,000 files", () => {
  const large = Object.fromEntries(
    Array.from({ length: 11 }, (_, index) => [`templates/d${index}.csv`, "x".repeat(1024 * 1024)]),
  );
  expect(shown(checkFiles(goodFiles(large)))).toEqual([
    expect.stringContaining("[BUNDLE_TOO_LARGE] The bundle has 11.0 MiB; at most 10.0 MiB are allowed."),
  ]);
  const many = Array.from({ length: 10_000 }, (_, index) => [`templates/f${index}.txt`, ""] as const);
  expect(shown(checkFiles(many))).toEqual([
    expect.stringContaining("[TOO_MANY_FILES] The bundle has more than 1,000 files."),
  ]);
});

test("migrations with one number, and below a folder", () => {
  const files = goodFiles({
    "migrations/001_a.sql": "",
    "migrations/0001_b.sql": "",
    "migrations/x/002_c.sql": "",
    "migrations/notes.txt": "",
  });
  expect(shown(checkFiles(files))).toEqual([
    expect.stringContaining(
      "[MIGRATION_NAME_INVALID] migrations/001_a.sql migrations/0001_b.sql has the number 1 already.",
    ),
    expect.stringContaining("[MIGRATION_NAME_INVALID] migrations/notes.txt"),
    expect.stringContaining("[MIGRATION_NAME_INVALID] migrations/x/002_c.sql"),
  ]);
});

test("packages must be pinned, with the line", () => {
  const text = '{\n  "dependencies": {\n    "decimal.js": "10.4.3",\n    "left-pad": "^1.3.0"\n  }\n}\n';
  expect(shown(checkFiles(goodFiles({ "templates/package.json": text })))).toEqual([
    '[PACKAGE_NOT_PINNED] templates/package.json:4:5 The version of left-pad is "^1.3.0", which does not name one version.\n' +
      '    4 |     "left-pad": "^1.3.0"\n      |     ^\n' +
      '  hint: Write the exact version, such as "left-pad": "1.2.3", so that every machine runs the same code.',
  ]);
  expect(shown(checkFiles(goodFiles({ "templates/package.json": "{" })))).toEqual([
    expect.stringContaining("[PACKAGE_JSON_INVALID]"),
  ]);
});
