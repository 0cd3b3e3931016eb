import { execFileSync } from "node:child_process";
import { symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, goodFiles, RUNBOOK_MD, shown } from "./bundle-fixture";
import { readBundle } from "./read";

test("a good folder gives its files and manifest, and leaves behind what is not the bundle's", async () => {
  const dir = await folderWith([
    ...goodFiles({ "templates/data/map.json": "{}", "migrations/001_subledger_rent.sql": "select 1;" }),
    ["README.md", "not ours"],
    [".env", "SECRET=1"],
    ["tests/scenarios.ts", "not ours"],
    ["templates/.DS_Store", new Uint8Array([0, 1])],
    ["templates/workflow.test.ts", "not ours"],
    ["templates/node_modules/left-pad/index.js", "not ours"],
    ["templates/__pycache__/a.pyc", new Uint8Array([0, 255])],
  ]);
  const result = await readBundle(dir);
  expect(result.status === "ok" && [...result.bundle.files.keys()]).toEqual([
    "migrations/001_subledger_rent.sql",
    "runbook.md",
    "templates/data/map.json",
    "templates/workflow.ts",
  ]);
  expect(result.status === "ok" && result.bundle.manifest).toMatchObject({
    slug: "nav-monthly",
    version: "1.2.0",
    language: "typescript",
  });
});

test("a folder that is not there, and a file in its place", async () => {
  const dir = await folderWith([["file", "text"]]);
  expect(shown(await readBundle(join(dir, "nothing")))).toEqual([
    `[RUNBOOK_DIR_NOT_FOUND] ${dir}/nothing There is no folder ${dir}/nothing.\n  hint: Give the folder that holds runbook.md.`,
  ]);
  expect(shown(await readBundle(join(dir, "file")))[0]).toMatch("[RUNBOOK_DIR_NOT_A_DIR]");
});

test("no runbook.md", async () => {
  const files = goodFiles();
  files.delete("runbook.md");
  expect(shown(await readBundle(await folderWith(files)))).toEqual([
    "[RUNBOOK_MD_MISSING] runbook.md There is no runbook.md in this folder.\n" +
      "  hint: Give the folder that holds runbook.md and templates/, or add a runbook.md with slug, name and version between two `---` lines.",
  ]);
});

test("skill.md is read where runbook.md is absent", async () => {
  const dir = await folderWith([
    ["skill.md", RUNBOOK_MD],
    ["templates/workflow.py", ""],
    ["templates/activities.py", ""],
  ]);
  const result = await readBundle(dir);
  expect(result.status === "ok" && result.bundle.manifest).toMatchObject({ slug: "nav-monthly", language: "python" });
});

test("every fault of a folder is found, not only the first", async () => {
  const dir = await folderWith([
    ...goodFiles({ "runbook.md": RUNBOOK_MD.replace("1.2.0", "v1"), "migrations/first.sql": "" }),
    ["templates/logo.png", new Uint8Array([0x89, 0x50, 0xff, 0xfe])],
    ["templates/nul.txt", "one\ntwo\0"],
  ]);
  await symlink("/etc/hosts", join(dir, "templates", "hosts.ts"));
  expect(shown(await readBundle(dir))).toEqual([
    "[MIGRATION_NAME_INVALID] migrations/first.sql A migration is a file NNN_name.sql directly in migrations/.\n" +
      "  hint: Name it like migrations/001_subledger_rent.sql; they run in the order of their numbers.",
    '[VERSION_NOT_SEMVER] runbook.md:4:1 version is not a semantic version (it is "v1").\n' +
      "    4 | version: v1\n" +
      "      | ^\n" +
      '  hint: Use three numbers, such as "1.4.0" or "2.0.0-beta.1", without a leading v.',
    "[SYMLINK_REFUSED] templates/hosts.ts It is a symbolic link.\n" +
      "  hint: Put the file itself there: what it points to is not part of the bundle.",
    "[BINARY_FILE] templates/logo.png The file is not text: it is not valid UTF-8.\n" +
      "  hint: A bundle holds UTF-8 text only. Keep images and spreadsheets in documents, or delete the file.",
    "[BINARY_FILE] templates/nul.txt The file is not text: it has a NUL character on line 2.\n" +
      "  hint: A bundle holds UTF-8 text only. Keep images and spreadsheets in documents, or delete the file.",
  ]);
});

test("a folder that is a symlink is not entered", async () => {
  const dir = await folderWith(goodFiles());
  const elsewhere = await folderWith([["secret.sql", "select 1"]]);
  await symlink(elsewhere, join(dir, "migrations"));
  expect(shown(await readBundle(dir))).toEqual([
    expect.stringContaining("[SYMLINK_REFUSED] migrations It is a symbolic link."),
  ]);
});

test("a named pipe is refused instead of waited for", async () => {
  const dir = await folderWith(goodFiles());
  execFileSync("mkfifo", [join(dir, "templates", "pipe")]);
  expect(shown(await readBundle(dir))).toEqual([expect.stringContaining("[SPECIAL_FILE_REFUSED] templates/pipe")]);
});

test("two files of one name by case", async (context) => {
  const dir = await folderWith(goodFiles({ "templates/models.ts": "" }));
  await writeFile(join(dir, "templates", "Models.ts"), "");
  const result = await readBundle(dir);
  if (result.status === "ok") context.skip("this file system does not tell case apart");
  expect(shown(result)).toEqual([expect.stringContaining("differ only by upper and lower case")]);
});

test("a 20 MB bundle is refused before it is read", async () => {
  const files = goodFiles();
  for (let index = 0; index < 10; index += 1) files.set(`templates/data${index}.csv`, "");
  const dir = await folderWith(files);
  // Sparse files: they have the size but no content to read.
  for (let index = 0; index < 10; index += 1) await truncate(join(dir, `templates/data${index}.csv`), 2 * 1024 * 1024);
  expect(shown(await readBundle(dir))).toEqual([
    "[BUNDLE_TOO_LARGE] The bundle has 20.0 MiB; at most 10.0 MiB are allowed.\n" +
      "  hint: Keep data in documents or in the tenant's database, not in the bundle.",
  ]);
});

test("one file that is too large does not hide other faults", async () => {
  const dir = await folderWith(goodFiles({ "runbook.md": "no frontmatter" }));
  await truncate(join(dir, "templates/workflow.ts"), 3 * 1024 * 1024);
  expect(shown(await readBundle(dir))).toEqual([
    expect.stringContaining("[FRONTMATTER_MISSING] runbook.md:1"),
    expect.stringContaining(
      "[FILE_TOO_LARGE] templates/workflow.ts The file has 3.0 MiB; a file of a bundle has at most 2.0 MiB.",
    ),
  ]);
});

test("10,000 files", async () => {
  const files = goodFiles();
  for (let index = 0; index < 10_000; index += 1) files.set(`templates/generated/f${index}.txt`, "");
  const result = await readBundle(await folderWith(files));
  expect(shown(result)).toEqual([expect.stringContaining("[TOO_MANY_FILES] The bundle has more than 1,000 files.")]);
});
