import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NtroError } from "@ntro/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcme, PLACE, Platform } from "../platform";
import { Bundles, type Files, runbookMd, workflow } from "./bundles";
import { expectRefused, snapshot } from "./snapshot";

/** What is wrong with a bundle before a worker sees it: told at once, with place and way out; nothing is sent. As nothing changes, cases run side by side. */
const platform = new Platform();
const bundles = new Bundles();
beforeAll(async () => {
  await platform.up();
  await createAcme(platform);
});
afterAll(async () => {
  bundles.remove();
  await platform.remove();
});

const create = (path: string, ...more: string[]) => ["workflow", "create", "--path", path, ...PLACE, ...more];
const refuses = (path: string, says: (string | RegExp)[]) =>
  expectRefused(platform, create(path), { code: 1, error: "BUNDLE_INVALID", says: ["nothing was sent", ...says] });

describe.concurrent("a folder that is no bundle", () => {
  it("is not there, or is a file", async () => {
    await refuses(join(bundles.folder, "nowhere"), ["RUNBOOK_DIR_NOT_FOUND", "There is no folder", "holds runbook.md"]);
    await refuses(bundles.file("notes.txt", "x"), ["RUNBOOK_DIR_NOT_A_DIR", "holds runbook.md"]);
  });

  it("has no runbook.md", () =>
    refuses(bundles.write("none", { "runbook.md": null }), ["RUNBOOK_MD_MISSING", "add a runbook.md with slug"]));

  it("has no workflow", () =>
    refuses(bundles.write("none", { "templates/workflow.ts": null }), [
      "WORKFLOW_TS_MISSING",
      "Add templates/workflow.ts",
    ]));
});

describe.concurrent("runbook.md", () => {
  const cases: [string, string, (string | RegExp)[]][] = [
    [
      "YAML that cannot be read",
      runbookMd("bad", "1.0.0", ["tags: [a, b"]),
      [/FRONTMATTER_PARSE_ERROR\] runbook\.md:\d+:\d+ /, /\d+ \| /],
    ],
    [
      "YAML with a tab",
      runbookMd("bad", "1.0.0", ["steps:", "\t- id: one"]),
      [/FRONTMATTER_PARSE_ERROR\] runbook\.md:6:1 /, "6 | \t- id: one"],
    ],
    ["no frontmatter", "# A runbook\n", ["FRONTMATTER_MISSING", "runbook.md:1", "Start the file with `---`"]],
    ["no slug", "---\nname: X\nversion: 1.0.0\n---\n", ["The field slug is missing", "nav-monthly"]],
    ["no name", "---\nslug: x\nversion: 1.0.0\n---\n", ["The field name is missing"]],
    ["no version", "---\nslug: x\nname: X\n---\n", ["The field version is missing", "1.4.0"]],
    ["an empty slug", runbookMd(""), ["runbook.md:2:1", "The field slug is empty"]],
    ["an empty name", "---\nslug: x\nname: ''\nversion: 1.0.0\n---\n", ["runbook.md:3:1", "The field name is empty"]],
    ["an empty version", runbookMd("x", ""), ["runbook.md:4:1", "The field version is empty"]],
    ["a slug with capitals", runbookMd("Nav-Monthly"), ["SLUG_INVALID", '"Nav-Monthly"', "lower-case letters"]],
    ["a slug with a separator", runbookMd("../nav"), ["SLUG_INVALID", '"../nav"', "lower-case letters"]],
    ["a slug with quotes", runbookMd('"na\'v"'), ["SLUG_INVALID", "na'v", "lower-case letters"]],
    ["a version with a v", runbookMd("x", "v1.0.0"), ["VERSION_NOT_SEMVER", "without a leading v"]],
    ["a version of two parts", runbookMd("x", "1.0"), ["VERSION_NOT_SEMVER", "put it in quotes"]],
    ["a version of words", runbookMd("x", "latest"), ["VERSION_NOT_SEMVER", "runbook.md:4:1", "1.4.0"]],
  ];
  it.each(cases)("%s", (_, text, says) => refuses(bundles.write("bad", { "runbook.md": text }), says));
});

describe.concurrent("files", () => {
  it("two of one name by case", () =>
    refuses(bundles.write("clash", { "templates/Models.ts": "export {};", "templates/models.ts": "export {};" }), [
      "PATH_CASE_CLASH",
      "differ only by upper and lower case",
      "Rename one of them",
    ]));

  it("a symbolic link", () => {
    const dir = bundles.write("linked");
    symlinkSync("/etc/hostname", join(dir, "templates/secret.ts"));
    return refuses(dir, ["SYMLINK_REFUSED", "templates/secret.ts", "Put the file itself there"]);
  });

  it("a binary file", () =>
    refuses(bundles.write("binary", { "templates/logo.png": new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]) }), [
      "BINARY_FILE",
      "templates/logo.png",
      "UTF-8 text only",
    ]));

  it("20 MB", () => {
    const part = "x".repeat(1024 * 1024);
    const parts = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`templates/data-${index}.txt`, part]));
    return refuses(bundles.write("large", parts), ["BUNDLE_TOO_LARGE", "20.0 MiB", "at most 10.0 MiB"]);
  });

  it("one file of 3 MB", () =>
    refuses(bundles.write("large", { "templates/data.txt": "x".repeat(3 * 1024 * 1024) }), [
      "FILE_TOO_LARGE",
      "templates/data.txt",
    ]));

  it("10,000 files", () => {
    const dir = bundles.write("many");
    for (let index = 0; index < 10_000; index += 1) writeFileSync(join(dir, `templates/f${index}.ts`), "");
    return refuses(dir, ["TOO_MANY_FILES", "more than 1,000 files", "is something generated in there?"]);
  });

  it("what does not belong to a bundle is left behind", async () => {
    const before = await snapshot(platform);
    const dir = bundles.write("wide", { "node_modules/x/logo.png": new Uint8Array([0xff]), "runbook.md": "no" });
    mkdirSync(join(dir, ".git"));
    const { stderr } = await platform.ntro(...create(dir));
    expect(stderr).toContain("The bundle has a fault;");
    expect(await snapshot(platform)).toEqual(before);
  });
});

describe.concurrent("an upload past the command line", () => {
  const deploy = (files: Record<string, string>) =>
    platform.client().call("runbooks.deploy", {
      params: { slug: "bad" },
      query: { wait: 0 },
      body: { tenantSlug: "acme-fund", version: "1.0.0", files },
    });
  const good = { "runbook.md": runbookMd("bad"), "templates/workflow.ts": workflow() };
  const cases: [string, Record<string, string>, string][] = [
    ["`..`", { "templates/../../etc/cron.d/x": "x" }, "PATH_UNSAFE"],
    ["an absolute path", { "/etc/passwd": "x" }, "PATH_UNSAFE"],
    ["a drive", { "C:\\x.ts": "x" }, "PATH_UNSAFE"],
    ["a control character", { "templates/a\u0000.ts": "x" }, "PATH_UNSAFE"],
    ["one name twice by case", { "templates/A.ts": "", "templates/a.ts": "" }, "PATH_CASE_CLASH"],
    ["a NUL in a file", { "templates/a.ts": "a\u0000b" }, "BINARY_FILE"],
    ["20 MB", { "templates/a.ts": "x".repeat(20 * 1024 * 1024) }, "BUNDLE_TOO_LARGE"],
    [
      "10,000 files",
      Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`templates/f${index}.ts`, ""])),
      "TOO_MANY_FILES",
    ],
  ];
  it.each(cases)("with %s is refused by the server", async (_, files, fault) => {
    const before = await snapshot(platform);
    const error: NtroError = await deploy({ ...good, ...files }).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "BUNDLE_INVALID" });
    expect(error.details).toContainEqual(expect.objectContaining({ code: fault }));
    expect(await snapshot(platform)).toEqual(before);
  });

  it("of another runbook than the path says is refused", async () => {
    const before = await snapshot(platform);
    await expect(deploy({ ...good, "runbook.md": runbookMd("other") })).rejects.toMatchObject({
      code: "REQUEST_INVALID",
      message: expect.stringContaining("other"),
    });
    expect(await snapshot(platform)).toEqual(before);
  });

  it("over every limit is refused before it is read", async () => {
    const before = await snapshot(platform);
    await expect(deploy({ ...good, "templates/a.ts": "x".repeat(40 * 1024 * 1024) })).rejects.toMatchObject({
      code: "BODY_TOO_LARGE",
    });
    expect(await snapshot(platform)).toEqual(before);
  });
});

describe.concurrent("how it is to be bound", () => {
  const bundle = (files: Files = {}) => bundles.write("good", files);

  it("an unknown tenant or entity, with the near ones", async () => {
    const path = bundle();
    await expectRefused(
      platform,
      ["workflow", "create", "--path", path, "--tenant", "acme-fnd", "--entity", "acme-spv1"],
      {
        code: 2,
        error: "TENANT_NOT_FOUND",
        says: ["There is no tenant `acme-fnd`", "Did you mean acme-fund?"],
      },
    );
    await expectRefused(platform, ["workflow", "create", "--path", path, "--tenant", "acme-fund", "--entity", "spv1"], {
      code: 2,
      error: "ENTITY_NOT_FOUND",
      says: ["There is no entity `spv1`", /Did you mean acme-spv1\?|ntro entity list/],
    });
  });

  it("a schedule that is none, before anything is sent", async () => {
    const cases: [string, string | RegExp][] = [
      ["0 8 5 *", "has 4 fields; cron has five"],
      ["61 8 5 * *", /61/],
      ["0 8 31 2 *", "never fires"],
      ["@monthly", "has 1 field"],
    ];
    for (const [cron, says] of cases)
      await expectRefused(platform, create(bundle(), "--schedule", cron), {
        code: 2,
        error: "SCHEDULE_INVALID",
        says: [says, "0 8 5 * *"],
      });
  });

  it("a time zone that is none, with the near ones, before anything is sent", async () => {
    const zoned = (zone: string) => create(bundle(), "--schedule", "0 8 5 * *", "--timezone", zone);
    const refusal = { code: 2, error: "SCHEDULE_INVALID" };
    await expectRefused(platform, zoned("Europe/Londn"), {
      ...refusal,
      says: ['no time zone "Europe/Londn"', "Did you mean Europe/London"],
    });
    await expectRefused(platform, zoned("GMT+2"), { ...refusal, says: ["IANA database"] });
  });

  it("a schedule or a name without an entity, a zone without a schedule", async () => {
    const loose = ["workflow", "create", "--path", bundle(), "--tenant", "acme-fund"];
    const refusal = { code: 2, error: "REQUEST_INVALID" };
    await expectRefused(platform, [...loose, "--schedule", "0 8 5 * *"], {
      ...refusal,
      says: ["--schedule needs --entity", "Add --entity <slug>"],
    });
    await expectRefused(platform, [...loose, "--name", "mine"], { ...refusal, says: ["--name needs --entity"] });
    await expectRefused(platform, create(bundle(), "--timezone", "Europe/London"), {
      ...refusal,
      says: ["--timezone needs --schedule", "Add --schedule"],
    });
    await expectRefused(platform, create(bundle(), "--pin", "--unpin"), { ...refusal, says: ["--pin", "--unpin"] });
  });
});
