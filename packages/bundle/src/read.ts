import { constants } from "node:fs";
import { lstat, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Fault } from "@ntro/contract";
import type { BundleResult } from "./fault";
import { binaryFile, checkEntries, type Entry, sizeFaults, tooManyFiles } from "./files";
import { LIMITS } from "./limits";
import { isIncluded } from "./paths";

/** A file found in the folder, not yet read. */
interface Found {
  path: string;
  bytes: number;
}

/**
 * Reads a bundle from its folder and checks it. Sizes and counts are checked before anything is read, and symlinks below
 * the folder are refused, never followed (the folder itself may be one).
 * @param dir the folder as the user gave it
 */
export async function readBundle(dir: string): Promise<BundleResult> {
  const notAFolder = await checkFolder(dir);
  if (notAFolder) return { status: "faulty", faults: [notAFolder] };
  const faults: Fault[] = [];
  const found = await walk(dir, faults);
  if (found.length > LIMITS.files) return { status: "faulty", faults: [tooManyFiles(), ...faults] };
  const sizes = sizeFaults(found);
  if (sizes.some(({ code }) => code === "BUNDLE_TOO_LARGE")) return { status: "faulty", faults: [...sizes, ...faults] };

  faults.push(...sizes);
  const entries: Entry[] = [];
  for (const { path, bytes } of found) {
    const text = bytes > LIMITS.fileBytes ? undefined : await readText(dir, path, faults);
    entries.push({ path, text });
  }
  return checkEntries(entries, faults);
}

async function checkFolder(dir: string): Promise<Fault | undefined> {
  const hint = "Give the folder that holds runbook.md.";
  try {
    const stats = await stat(dir);
    if (stats.isDirectory()) return undefined;
    return { code: "RUNBOOK_DIR_NOT_A_DIR", message: `${dir} is not a folder.`, path: dir, hint };
  } catch (error) {
    const message =
      reasonOf(error) === "ENOENT" ? `There is no folder ${dir}.` : `${dir} cannot be read (${reasonOf(error)}).`;
    return { code: "RUNBOOK_DIR_NOT_FOUND", message, path: dir, hint };
  }
}

/** The bundle's files, at most one more than allowed; what is neither file nor folder becomes a fault. */
async function walk(dir: string, faults: Fault[]): Promise<Found[]> {
  const found: Found[] = [];
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const path of await list(dir, folder, faults)) {
      const seen = await look(dir, path);
      if (seen === "folder") folders.push(path);
      else if ("code" in seen) faults.push(seen);
      else found.push(seen);
      if (found.length > LIMITS.files) return found;
    }
  }
  return found;
}

/** What lies at a path of the bundle: a file, a folder, or the fault of being neither. */
async function look(dir: string, path: string): Promise<Found | "folder" | Fault> {
  try {
    const stats = await lstat(join(dir, path));
    if (stats.isSymbolicLink()) return symlink(path);
    if (stats.isDirectory()) return "folder";
    if (stats.isFile()) return { path, bytes: stats.size };
    return {
      code: "SPECIAL_FILE_REFUSED",
      message: "It is neither a file nor a folder.",
      path,
      hint: "Delete it from the bundle.",
    };
  } catch (error) {
    return unreadable(path, reasonOf(error));
  }
}

/** Paths of what a folder of the bundle holds, without what is left behind. */
async function list(dir: string, folder: string, faults: Fault[]): Promise<string[]> {
  try {
    const names = await readdir(join(dir, folder));
    return names.map((name) => (folder === "" ? name : `${folder}/${name}`)).filter(isIncluded);
  } catch (error) {
    faults.push(unreadable(folder, reasonOf(error)));
    return [];
  }
}

/** A file's text, or undefined with a fault added. */
async function readText(dir: string, path: string, faults: Fault[]): Promise<string | undefined> {
  try {
    // O_NOFOLLOW: a file that became a symlink since it was listed is still not followed.
    const file = await open(join(dir, path), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const bytes = await file.readFile();
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === "ERR_ENCODING_INVALID_ENCODED_DATA") faults.push(binaryFile(path, "it is not valid UTF-8"));
    else if (reason === "ELOOP") faults.push(symlink(path));
    else faults.push(unreadable(path, reason));
    return undefined;
  }
}

function symlink(path: string): Fault {
  const hint = "Put the file itself there: what it points to is not part of the bundle.";
  return { code: "SYMLINK_REFUSED", message: "It is a symbolic link.", path, hint };
}

function unreadable(path: string, reason: string): Fault {
  return {
    code: "FILE_UNREADABLE",
    message: `It cannot be read (${reason}).`,
    path,
    hint: "Check its owner and permissions.",
  };
}

/** The system's code of a failed call, such as ENOENT. */
function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.message : String(error);
}
