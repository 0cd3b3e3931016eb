import type { Fault } from "@ntro/contract";
import { type BundleResult, type Files, placeOf, sortFaults } from "./fault";
import { LIMITS, mebibytes } from "./limits";
import { readManifest } from "./manifest";
import { readPackages } from "./packages";
import { checkMigrationNames, checkPathClashes, checkPathSafety, isIncluded } from "./paths";
import { checkPython } from "./python/check";

/** A file of a bundle before it is checked. */
export interface Entry {
  path: string;
  /** Undefined when it could not be had; whoever read it has a fault of its own for that. */
  text: string | undefined;
}

/**
 * Checks files that came from anywhere but a folder, such as an upload: paths, sizes, text, migrations, packages,
 * requirements and runbook.md. Paths that a bundle does not hold (see {@link isIncluded}) are left out silently, unsafe ones never.
 */
export function checkFiles(files: Iterable<readonly [path: string, text: string]>): BundleResult {
  const entries: Entry[] = [];
  for (const [path, text] of files) {
    if (entries.length === LIMITS.files) return { status: "faulty", faults: [tooManyFiles()] };
    entries.push({ path, text });
  }
  return checkEntries(entries, []);
}

/**
 * The checks every bundle goes through, whether it came from a folder or over the network.
 * @param found faults its reader found already; they are in the answer
 */
export function checkEntries(entries: readonly Entry[], found: readonly Fault[]): BundleResult {
  const faults = [...found];
  const unsafe = entries.map(({ path }) => checkPathSafety(path));
  faults.push(...unsafe.filter((fault) => fault !== undefined));
  // In one order, so that the same bundle has the same faults wherever it came from.
  const kept = entries
    .filter(({ path }, index) => unsafe[index] === undefined && isIncluded(path))
    .sort((a, b) => compareUtf8(a.path, b.path));
  const paths = kept.map(({ path }) => path);
  faults.push(...checkPathClashes(paths), ...checkMigrationNames(paths), ...checkSizes(kept));

  const files = new Map<string, string>();
  for (const { path, text } of kept) {
    const fault = text === undefined ? undefined : checkText(path, text);
    if (fault) faults.push(fault);
    else if (text !== undefined) files.set(path, text);
  }
  const packages = readPackages(files);
  if (packages.status === "faulty") faults.push(...packages.faults);
  const python = checkPython(files, new Set(paths));
  if (python.status === "faulty") faults.push(...python.faults);
  const manifest = readManifest(files, new Set(paths));
  if (manifest.status === "faulty") faults.push(...manifest.faults);
  if (manifest.status === "faulty" || python.status === "faulty" || faults.length > 0)
    return { status: "faulty", faults: sortFaults(faults) };
  const { requirements } = python;
  return { status: "ok", bundle: { files: sortFiles(files), manifest: manifest.manifest, requirements } };
}

/** The files in the order of their paths' UTF-8 bytes, which is the archive's. */
export function sortFiles(files: Files): Map<string, string> {
  return new Map([...files].sort(([a], [b]) => compareUtf8(a, b)));
}

function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function checkSizes(entries: readonly Entry[]): Fault[] {
  const sizes = entries.map(({ path, text }) => ({ path, bytes: text === undefined ? 0 : Buffer.byteLength(text) }));
  return sizeFaults(sizes);
}

/** Faults of files that are too large by themselves or together. Sizes in bytes. */
export function sizeFaults(sizes: readonly { path: string; bytes: number }[]): Fault[] {
  const faults = sizes
    .filter(({ bytes }) => bytes > LIMITS.fileBytes)
    .map(({ path, bytes }) => fileTooLarge(path, bytes));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  return total > LIMITS.totalBytes ? [bundleTooLarge(total), ...faults] : faults;
}

function fileTooLarge(path: string, bytes: number): Fault {
  const message = `The file has ${mebibytes(bytes)}; a file of a bundle has at most ${mebibytes(LIMITS.fileBytes)}.`;
  return {
    code: "FILE_TOO_LARGE",
    message,
    path,
    hint: "Keep data in documents or in the tenant's database, not in the bundle.",
  };
}

function bundleTooLarge(bytes: number): Fault {
  const message = `The bundle has ${mebibytes(bytes)}; at most ${mebibytes(LIMITS.totalBytes)} are allowed.`;
  return {
    code: "BUNDLE_TOO_LARGE",
    message,
    path: "",
    hint: "Keep data in documents or in the tenant's database, not in the bundle.",
  };
}

/** The fault of a bundle with more files than allowed. */
export function tooManyFiles(): Fault {
  const message = `The bundle has more than ${LIMITS.files.toLocaleString("en")} files.`;
  return {
    code: "TOO_MANY_FILES",
    message,
    path: "",
    hint: "Only runbook.md, templates/, subledgers/ and migrations/ are read: is something generated in there?",
  };
}

/** The fault of a file that is not text. `detail` ends the sentence "The file is not text: …". */
export function binaryFile(path: string, detail: string): Fault {
  const hint = "A bundle holds UTF-8 text only. Keep images and spreadsheets in documents, or delete the file.";
  return { code: "BINARY_FILE", message: `The file is not text: ${detail}.`, path, hint };
}

function checkText(path: string, text: string): Fault | undefined {
  const nul = text.indexOf("\0");
  if (nul !== -1) return binaryFile(path, `it has a NUL character on line ${placeOf(text, nul).line}`);
  // Matches only a surrogate without its other half, which has no UTF-8 form.
  if (/\p{Surrogate}/u.test(text)) return binaryFile(path, "it has half of a surrogate pair");
  return undefined;
}
