/** What a bundle may hold. Checked before anything is read. */
export const LIMITS = {
  /** Bytes of all files together. */
  totalBytes: 10 * 1024 * 1024,
  /** Bytes of one file. */
  fileBytes: 2 * 1024 * 1024,
  /** Number of files. */
  files: 1000,
  /** UTF-8 bytes of one path. */
  pathBytes: 400,
} as const;

/** Bytes as people read them: "20.0 MiB". */
export function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}
