import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, realpath, rename, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { type Amount, type Cell, fail, type Sheet, type Storage } from "@ntro/runbook";

/** The tenant's folder. Paths stay inside it, also through links; files are written beside and renamed. */
export function storage(folder: string): Storage {
  const write: Storage["write"] = async (path, content) => {
    const target = await inside(folder, path);
    const bytes = Buffer.from(content);
    const beside = `${target}.${randomUUID()}`;
    await writeFile(beside, bytes);
    await rename(beside, target);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { path: normalize(path), location: target, sizeBytes: bytes.length, sha256 };
  };
  return {
    write,
    read: async (path) => readFile(await inside(folder, path)),
    writeWorkbook: async (path, sheets) => write(path, await workbook(sheets)),
  };
}

async function workbook(sheets: readonly Sheet[]): Promise<Buffer> {
  // Loaded when first needed: hosts start sooner.
  const { default: writeXlsxFile } = await import("write-excel-file/node");
  const pages = sheets.map(({ name, rows, widths }) => ({
    sheet: name,
    data: rows.map((row) => row.map(cellOf)),
    ...(widths ? { columns: widths.map((width) => ({ width })) } : {}),
  }));
  return writeXlsxFile(pages).toBuffer();
}

/** Text is written as text, whatever it begins with. */
function cellOf(cell: Cell | Amount) {
  if (cell === null) return null;
  if (cell instanceof Date) return { value: cell, type: Date, format: "yyyy-mm-dd" };
  if (typeof cell === "object") return { value: Number(cell.amount), type: Number, format: "#,##0.00" };
  if (typeof cell === "number") return { value: cell, type: Number };
  return typeof cell === "boolean" ? { value: cell, type: Boolean } : { value: cell, type: String };
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
