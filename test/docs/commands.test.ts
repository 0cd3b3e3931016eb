import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { generatedPages } from "../../scripts/reference";
import { commandLines, faultOf } from "./command-lines";
import { pages, ROOT, readPage } from "./markdown";

describe("commands that pages show", () => {
  it.each([...pages().keys()])("of %s are taken by the CLI", async (path) => {
    const faults: string[] = [];
    for (const line of commandLines(readPage(path))) {
      const fault = await faultOf(line);
      if (fault) faults.push(`${line.text}: ${fault}`);
    }
    expect(faults).toEqual([]);
  });

  it("are found and refused where they are wrong", async () => {
    const page = [
      "Say `ntro run aprove <task>` or `ntro runbook validate`.",
      "```sh",
      "$ ntro workflow run --tenant x",
      "NTRO_HOME=/tmp/x ntro up --prot 1 # remark",
      "ntro run list --status OPEN | head",
      "ntro workflow create --path . --pin --unpin",
      'ntro tenant create --name "Two words" --slug a',
      "```",
    ].join("\n");
    const found = await Promise.all(commandLines(page).map(faultOf));
    expect(found).toEqual([
      "run needs 1 arguments",
      "up takes no --prot",
      "--status takes PENDING, READY, IN_PROGRESS, BLOCKED, COMPLETED, FAILED, not OPEN",
      "--pin and --unpin do not go together",
      undefined,
      '"run" has no "aprove"',
      '"runbook" has no "validate"',
    ]);
  });

  it("of npm are among the scripts", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
    const known = new Set(Object.keys(scripts));
    for (const [path, page] of pages())
      for (const [, name = ""] of page.matchAll(/\bnpm run ([a-z][\w:-]*)/g))
        expect(known.has(name), `${path}: npm run ${name}`).toBe(true);
  });
});

describe("pages made from the product", () => {
  it("are as `npm run docs` makes them", async () => {
    for (const [path, text] of await generatedPages()) expect(readPage(path), path).toBe(text);
  });
});
