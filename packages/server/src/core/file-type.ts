import { type FileSlot, NtroError } from "@ntro/contract";

/** What a file's first bytes, or all of them, must look like for its extension. */
type Look = (bytes: Buffer) => boolean;

interface FileType {
  readonly contentType: string;
  readonly looks: Look;
}

const starts =
  (...signatures: readonly string[]): Look =>
  (bytes) =>
    signatures.some((signature) => bytes.subarray(0, signature.length / 2).toString("hex") === signature);
const ZIP = "504b0304";
/** A zip holds the names of its files uncompressed. */
const office =
  (folder: string): Look =>
  (bytes) =>
    starts(ZIP)(bytes) && bytes.includes(folder);
/** Readers find the header a little way in. */
const isPdf: Look = (bytes) => bytes.subarray(0, 1024).includes("%PDF-");
/** No NUL and no control characters but those of text, in any encoding that Excel writes CSV in (UTF-16 has its mark at the start). */
const isText: Look = (bytes) =>
  starts("fffe", "feff")(bytes) || !bytes.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27));
const isJson: Look = (bytes) => {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
};

const TYPES: Readonly<Record<string, FileType>> = {
  pdf: { contentType: "application/pdf", looks: isPdf },
  xlsx: { contentType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", looks: office("xl/") },
  docx: {
    contentType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    looks: office("word/"),
  },
  zip: { contentType: "application/zip", looks: starts(ZIP, "504b0506") },
  xls: { contentType: "application/vnd.ms-excel", looks: starts("d0cf11e0") },
  csv: { contentType: "text/csv", looks: isText },
  txt: { contentType: "text/plain", looks: isText },
  xml: { contentType: "application/xml", looks: isText },
  json: { contentType: "application/json", looks: isJson },
  png: { contentType: "image/png", looks: starts("89504e47") },
  jpg: { contentType: "image/jpeg", looks: starts("ffd8ff") },
};
const SAME: Readonly<Record<string, string>> = { jpeg: "jpg", text: "txt" };

/** A file as it came in. */
export interface UploadedFile {
  /** As {@link safeFilename} gives it. */
  readonly filename: string;
  readonly bytes: Buffer;
}

const MIB = 1024 * 1024;

/**
 * Checks a file against the slot it is for and gives its content type, which follows from its extension and its bytes, not from what the sender says.
 * @throws NtroError `FILE_EMPTY`, `FILE_TYPE_REJECTED`, `FILE_TOO_LARGE`
 */
export function checkFile(file: UploadedFile, slot: FileSlot): string {
  const { filename, bytes } = file;
  if (bytes.byteLength === 0)
    throw new NtroError("FILE_EMPTY", `The file ${filename} is empty.`, {
      hint: "Check that it was saved, and submit it again.",
    });
  const extension = extensionOf(filename);
  const accepted = slot.accept.map((name) => normalise(name));
  if (accepted.length > 0 && !accepted.includes(extension))
    throw wrongType(`${filename} is not a ${accepted.join(" or ")} file.`, slot);
  if (bytes.byteLength > slot.max_size_mb * MIB)
    throw new NtroError(
      "FILE_TOO_LARGE",
      `The file ${filename} has ${megabytes(bytes.byteLength)} MB; "${slot.source}" takes ${slot.max_size_mb} MB.`,
      { hint: "Submit a smaller file, such as only the period that is asked for." },
    );
  const type = Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined;
  if (type && !type.looks(bytes)) throw wrongType(`${filename} is called ${extension}, but its content is not.`, slot);
  return type?.contentType ?? "application/octet-stream";
}

/** Bytes as megabytes for people. */
export function megabytes(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

function wrongType(message: string, slot: FileSlot): NtroError {
  return new NtroError("FILE_TYPE_REJECTED", message, {
    hint:
      slot.accept.length > 0 ? `"${slot.source}" takes ${slot.accept.join(", ")}.` : "Submit the file as it was saved.",
  });
}

function extensionOf(filename: string): string {
  const dot = filename.lastIndexOf(".");
  return dot < 0 ? "" : normalise(filename.slice(dot + 1));
}

function normalise(extension: string): string {
  const lower = extension.toLowerCase().replace(/^\./, "");
  return SAME[lower] ?? lower;
}

/** Longest name a file is kept under, in characters. */
const MAX_NAME = 255;

/** A sender's file name without folders and control characters, its end (with the extension) kept when it is too long; `file` when nothing is left. */
export function safeFilename(name: string | undefined): string {
  const base = (name ?? "").split(/[/\\]/).pop() ?? "";
  // Control and format characters, which could make a name look like another one (U+202E turns text around).
  const clean = base.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "").trim();
  if (clean === "" || clean === "." || clean === "..") return "file";
  return clean.length <= MAX_NAME ? clean : clean.slice(-MAX_NAME);
}
