import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, packFiles, unpackArchive, writeFiles } from "./archive";
import { folderWith, goodFiles, shown } from "./bundle-fixture";
import { readBundle } from "./read";

/** Any text a bundle may hold: every character but NUL. */
const text = fc.string({ unit: "grapheme" }).map((value) => value.replaceAll("\0", ""));
const name = fc.stringMatching(/^[a-zé\u{10000}_-][a-z0-9é\u{10000}_-]{0,20}$/u).map((value) => value.normalize("NFC"));
const files = fc
  .dictionary(
    fc.tuple(name, name).map(([folder, file]) => `templates/d-${folder}/${file}.txt`),
    text,
    { maxKeys: 8 },
  )
  .map((more) => goodFiles(more));

test("what is packed comes back, in any order, under one digest", () => {
  fc.assert(
    fc.property(files, fc.infiniteStream(fc.nat()), (bundle, random) => {
      const packed = packFiles(bundle);
      const shuffled = new Map(
        [...bundle]
          .map((entry) => [random.next().value, entry] as const)
          .sort(([a], [b]) => a - b)
          .map(([, entry]) => entry),
      );
      expect(packFiles(shuffled)).toEqual(packed);
      const unpacked = unpackArchive(packed.archive);
      expect(shown(unpacked)).toEqual([]);
      if (unpacked.status !== "ok") return;
      expect(new Map(unpacked.bundle.files)).toEqual(new Map(bundle));
      expect(packFiles(unpacked.bundle.files).digest).toBe(packed.digest);
    }),
  );
});

test("another path or text is another digest", () => {
  fc.assert(
    fc.property(files, files, (a, b) => {
      const same = JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
      expect(packFiles(a).digest === packFiles(b).digest).toBe(same);
    }),
  );
});

test("the format stays what it is: stored digests depend on it", () => {
  const { archive, digest } = packFiles(
    new Map([
      ["templates/ü.txt", 'a"\n'],
      ["runbook.md", "x"],
    ]),
  );
  expect(archive).toBe('{"format":"ntro-bundle/1","files":{"runbook.md":"x","templates/ü.txt":"a\\"\\n"}}');
  expect(digest).toBe("be59d5d9143122ca359870eaf2229f2d44e88284b71e0549e06ee5213e5a4744");
  expect(digestOf("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

test("an archive is checked like anything from outside", () => {
  expect(shown(unpackArchive("{"))).toEqual(["[ARCHIVE_INVALID] The archive cannot be used: it is not JSON."]);
  expect(shown(unpackArchive('{"format":"zip","files":{}}'))[0]).toContain("it is not of the format ntro-bundle/1");
  const spaced = JSON.stringify(JSON.parse(packFiles(goodFiles()).archive), null, 1);
  expect(shown(unpackArchive(spaced))).toEqual([
    "[ARCHIVE_INVALID] The archive cannot be used: it is not in canonical form.",
  ]);
  const escaping = packFiles(goodFiles({ "templates/../../../etc/cron.d/x": "" }));
  expect(shown(unpackArchive(escaping.archive))).toEqual([expect.stringContaining("[PATH_UNSAFE]")]);
});

test("written files read back as the same archive, and nothing is overwritten", async () => {
  const bundle = goodFiles({ "templates/lib/a.ts": "export const a = 1;\r\n", "templates/bom.txt": "\uFEFFx" });
  const dir = join(await folderWith([]), "unpacked");
  await writeFiles(dir, bundle);
  const result = await readBundle(dir);
  expect(result.status === "ok" && packFiles(result.bundle.files)).toEqual(packFiles(bundle));
  expect(await readdir(join(dir, "templates"))).toEqual(["bom.txt", "lib", "workflow.ts"]);
  await expect(writeFiles(dir, goodFiles({ "runbook.md": "other" }))).rejects.toThrow("EEXIST");
  expect(await readFile(join(dir, "runbook.md"), "utf8")).toBe(bundle.get("runbook.md"));
});
