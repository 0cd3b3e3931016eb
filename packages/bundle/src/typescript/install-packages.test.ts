import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith, goodFiles } from "../bundle-fixture";
import { formatFault } from "../fault";
import { installPackages } from "./install-packages";

/** The folder of a bundle with this templates/package.json. */
function withPackages(json: string): Promise<string> {
  return folderWith(goodFiles({ "templates/package.json": json }));
}

/** A program in npm's place that runs `script`. */
async function program(script: string): Promise<string> {
  const path = join(await folderWith([["npm", `#!/bin/sh\n${script}\n`]]), "npm");
  await chmod(path, 0o755);
  return path;
}

const ONE_PACKAGE = '{ "dependencies": { "left-pad": "1.3.0" } }';

test("nothing runs when there is nothing to install", async () => {
  const npm = await program("exit 1");
  expect(await installPackages(await folderWith(goodFiles()), { npm })).toEqual([]);
  expect(await installPackages(await withPackages('{ "dependencies": {} }'), { npm })).toEqual([]);
});

test("npm runs in templates/ without scripts", async () => {
  const npm = await program('echo "$PWD $*" > ran');
  const dir = await withPackages(ONE_PACKAGE);
  expect(await installPackages(dir, { npm })).toEqual([]);
  const ran = await readFile(join(dir, "templates", "ran"), "utf8");
  expect(ran).toContain("templates install --ignore-scripts --no-audit --no-fund --omit=dev");
});

test("a version that is not exact is refused before npm runs", async () => {
  const dir = await withPackages('{ "dependencies": { "left-pad": "latest" } }');
  expect(await installPackages(dir, { npm: await program("exit 1") })).toMatchObject([
    { code: "PACKAGE_NOT_PINNED", line: 1 },
  ]);
});

test("npm's own reason, in at most five lines", async () => {
  const said = [
    "npm error code E404",
    "npm error 404 Not Found",
    "npm error",
    "npm error a",
    "npm error b",
    "npm error c",
    "npm error d",
  ];
  const npm = await program(
    `printf '%s\\n' ${said.map((line) => `"${line}"`).join(" ")} "npm error A complete log of this run can be found in: x" >&2; exit 1`,
  );
  expect((await installPackages(await withPackages(ONE_PACKAGE), { npm })).map(formatFault)).toEqual([
    "[PACKAGE_INSTALL_FAILED] templates/package.json npm could not install the bundle's packages: code E404\n404 Not Found\na\nb\nc\n" +
      "  hint: Check names and versions, and that this machine reaches the npm registry.",
  ]);
});

test("an npm that is not there, or never ends", async () => {
  const dir = await withPackages(ONE_PACKAGE);
  expect((await installPackages(dir, { npm: join(dir, "no-npm") }))[0]?.message).toContain("could not be started");
  const npm = await program("exec tail -f /dev/null");
  expect((await installPackages(dir, { npm, timeout: 1000 }))[0]?.message).toContain("it took longer than 1 s");
});
