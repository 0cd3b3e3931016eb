import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Fault } from "@ntro/contract";
import * as z from "zod";
import type { BundleResult, Files } from "./fault";
import { checkFiles, sortFiles } from "./files";
import { LIMITS } from "./limits";

/** A bundle as it is stored and sent. */
export interface Archive {
  /** The canonical JSON text. */
  archive: string;
  /** Sha256 of its UTF-8 bytes, lower-case hex: the name of a revision's content. */
  digest: string;
}

const FORMAT = "ntro-bundle/1";
/** JSON needs at most six bytes for one byte of text; the rest is room for paths. */
const MAX_ARCHIVE_BYTES = 6 * LIMITS.totalBytes + LIMITS.files * (LIMITS.pathBytes * 6 + 8);
const ArchiveJson = z.strictObject({ format: z.literal(FORMAT), files: z.record(z.string(), z.string()) });

/**
 * Files as one canonical text: the same files in any order give the same text, and so the same digest, on every machine.
 * Paths are sorted by their UTF-8 bytes; nothing but paths and texts goes in.
 */
export function packFiles(files: Files): Archive {
  const members = [...sortFiles(files)].map(([path, text]) => `${JSON.stringify(path)}:${JSON.stringify(text)}`);
  const archive = `{"format":${JSON.stringify(FORMAT)},"files":{${members.join(",")}}}`;
  return { archive, digest: digestOf(archive) };
}

/** Sha256 of a text's UTF-8 bytes, lower-case hex. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The bundle in an archive made by {@link packFiles}, checked again as if it came from a stranger. */
export function unpackArchive(archive: string): BundleResult {
  if (Buffer.byteLength(archive) > MAX_ARCHIVE_BYTES) return invalid("it is larger than any bundle can be");
  const json = parseArchive(archive);
  if (typeof json === "string") return invalid(json);
  const result = checkFiles(Object.entries(json.files));
  if (result.status === "ok" && packFiles(result.bundle.files).archive !== archive)
    return invalid("it is not in canonical form");
  return result;
}

function parseArchive(archive: string): z.infer<typeof ArchiveJson> | string {
  try {
    const checked = ArchiveJson.safeParse(JSON.parse(archive));
    return checked.success ? checked.data : `it is not of the format ${FORMAT}`;
  } catch {
    return "it is not JSON";
  }
}

function invalid(reason: string): BundleResult {
  const fault: Fault = { code: "ARCHIVE_INVALID", message: `The archive cannot be used: ${reason}.`, path: "" };
  return { status: "faulty", faults: [fault] };
}

/**
 * Writes a checked bundle's files below `dir`, which is made; a file that exists already is an error.
 * @throws the file system's own error
 */
export async function writeFiles(dir: string, files: Files): Promise<void> {
  for (const [path, text] of files) {
    const target = join(dir, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { flag: "wx" });
  }
}
