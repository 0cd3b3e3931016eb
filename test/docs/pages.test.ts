import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ERRORS, FaultCode } from "@ntro/contract";
import { describe, expect, it } from "vitest";
import { EMBEDDED_CODES } from "./embedded-codes";
import { anchors, pages, prose, ROOT, readPage } from "./markdown";

describe("pages of errors", () => {
  it("are one for each code of the contract, with its status and exit code", () => {
    const there = readdirSync(join(ROOT, "docs/errors")).filter((name) => name !== "README.md");
    expect(there.sort()).toEqual(
      Object.keys(ERRORS)
        .map((code) => `${code}.md`)
        .sort(),
    );
    for (const [code, { status, exit }] of Object.entries(ERRORS))
      expect(readPage(`docs/errors/${code}.md`)).toMatch(
        new RegExp(`^# ${code}\n\nHTTP ${status} · exit code ${exit}\n\n\\S`),
      );
  });

  it("have a section for each fault of a bundle", () => {
    const sections = [...readPage("docs/faults.md").matchAll(/^### (\w+)$/gm)].map(([, code]) => code);
    expect(sections.sort()).toEqual([...FaultCode.options].sort());
  });

  it("name what keeps the platform from starting", () => {
    const table = [...readPage("docs/operations.md").matchAll(/^\| `([A-Z_]+)` \| .* \| .* \|$/gm)].map(
      ([, code]) => code,
    );
    expect(table).toEqual(expect.arrayContaining([...EMBEDDED_CODES]));
  });
});

describe("links", () => {
  it.each([...pages().keys()])("of %s lead somewhere", (path) => {
    const page = readPage(path);
    const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^(https?:|mailto:)/.test(target)) return [];
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, to))) return [target];
      return anchor === undefined || anchors(readPage(to)).includes(anchor) ? [] : [target];
    });
    expect(broken).toEqual([]);
  });
});

describe("environment variables", () => {
  it("that the programs read are all in the table", () => {
    const known = readPage("docs/operations.md");
    const read = sources(join(ROOT, "packages")).flatMap((file) => {
      const text = readFileSync(file, "utf8");
      return [
        ...text.matchAll(/\b(?:NTRO_(?!VERSION\b)[A-Z0-9_]+|DATABASE_URL|TEMPORAL_(?:ADDRESS|NAMESPACE))\b/g),
      ].map(([name]) => name);
    });
    expect([...new Set(read)].filter((name) => !known.includes(name))).toEqual([]);
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(({ name }) => name.endsWith(".ts") && !/\.(test|fixture|testing)\.ts$/.test(name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((file) => !file.includes("/testing/"));
}
