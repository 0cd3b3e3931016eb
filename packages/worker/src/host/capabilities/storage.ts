import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { fail, type Storage } from "@ntro/runbook";

/** The tenant's folder. Paths stay inside it, also through links; files are written beside and renamed. */
export function storage(folder: string): Storage {
  return {
    write: async (path, content) => {
      const target = await inside(folder, path);
      const bytes = Buffer.from(content);
      const beside = `${target}.${randomUUID()}`;
      await writeFile(beside, bytes);
      await rename(beside, target);
      return {
        path: normalize(path),
        location: target,
        sizeBytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      };
    },
    read: async (path) => readFile(await inside(folder, path)),
  };
}

async function inside(folder: string, path: string): Promise<string> {
  const clean = normalize(path);
  if (path === "" || isAbsolute(clean) || clean === ".." || clean.startsWith(`..${sep}`) || clean.includes("\0")) {
    fail(`"${path}" is no path inside the tenant's storage.`, { type: "PathEscapes" });
  }
  const target = join(folder, clean);
  await mkdir(dirname(target), { recursive: true });
  const [root, parent] = await Promise.all([realpath(folder), realpath(dirname(target))]);
  if (parent !== root && !parent.startsWith(root + sep))
    fail(`"${path}" leads out of the tenant's storage.`, { type: "PathEscapes" });
  return target;
}
